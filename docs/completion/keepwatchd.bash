# Written by npm run generate from the option tables. Do not edit.
_keepwatchd() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} path='' word
  COMPREPLY=()
  case $previous in
    -f|--use-file|-g|--log-file|-p|--pid|-r|--vrrp_pid|-c|--checkers_pid|-b|--bfd_pid|-A|--snmp-agent-socket|--run-dir|--state-dir|--api-tls-dir|--dashboard-tls-dir) COMPREPLY=($(compgen -f -- "$current")); return ;;
    -i|--config-id|--log-level|-S|--log-facility|--log-suffix|-s|--namespace|--spare|--otlp-endpoint|--control-group|--signum) return ;;
    *) ;;
  esac
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$path ${word}" in
      *) ;;
    esac
  done
  case $path in
    '') COMPREPLY=($(compgen -W '-f --use-file -P --vrrp -C --check -B --no_bfd -n --dont-fork -t --config-test --warnings-as-errors --json --lenient -e --all-config -i --config-id -l --log-console -D --log-detail -d --dump-conf --log-level -S --log-facility -g --log-file -G --no-syslog --log-suffix -p --pid -r --vrrp_pid -c --checkers_pid -b --bfd_pid -V --dont-release-vrrp -I --dont-release-ipvs -R --dont-respawn -m --core-dump -M --core-dump-pattern -x --snmp -A --snmp-agent-socket -s --namespace --run-dir --state-dir --attach --spare --api-tls-dir --dashboard-tls-dir --otlp-endpoint --control-group --signum -v --version -h --help' -- "$current")) ;;
    *) ;;
  esac
}
complete -o filenames -F _keepwatchd keepwatchd
