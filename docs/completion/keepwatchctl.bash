# Written by npm run generate from the option tables. Do not edit.
_keepwatchctl() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} path='' word
  COMPREPLY=()
  case $previous in
    --run-dir|--cert|--key|--ca|--against) COMPREPLY=($(compgen -f -- "$current")); return ;;
    --address|--since|--limit|--ttl|--reason|--of|--port|--weight|--format|-i|--config-id|--confirm) return ;;
    *) ;;
  esac
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$path ${word}" in
      ' status') path='status' ;;
      ' watch') path='watch' ;;
      ' history') path='history' ;;
      ' audit') path='audit' ;;
      ' notifications') path='notifications' ;;
      ' explain') path='explain' ;;
      ' maintenance') path='maintenance' ;;
      'maintenance on') path='maintenance on' ;;
      'maintenance off') path='maintenance off' ;;
      ' failover') path='failover' ;;
      ' priority') path='priority' ;;
      'priority set') path='priority set' ;;
      'priority reset') path='priority reset' ;;
      ' drain') path='drain' ;;
      ' weight') path='weight' ;;
      ' enable') path='enable' ;;
      ' real-server') path='real-server' ;;
      'real-server add') path='real-server add' ;;
      'real-server remove') path='real-server remove' ;;
      'real-server restore') path='real-server restore' ;;
      ' dump') path='dump' ;;
      ' support-bundle') path='support-bundle' ;;
      ' log-level') path='log-level' ;;
      ' reload') path='reload' ;;
      ' apply') path='apply' ;;
      ' confirm') path='confirm' ;;
      ' rollback') path='rollback' ;;
      ' health') path='health' ;;
      ' upgrade') path='upgrade' ;;
      ' stop') path='stop' ;;
      ' plan') path='plan' ;;
      ' check') path='check' ;;
      ' config') path='config' ;;
      'config show') path='config show' ;;
      ' fmt') path='fmt' ;;
      ' keywords') path='keywords' ;;
    esac
  done
  case $path in
    '') COMPREPLY=($(compgen -W '-v --version --run-dir --address --cert --key --ca --json -h --help status watch history audit notifications explain maintenance failover priority drain weight enable real-server dump support-bundle log-level reload apply confirm rollback health upgrade stop plan check config fmt keywords' -- "$current")) ;;
    'status') COMPREPLY=($(compgen -W '--json -h --help' -- "$current")) ;;
    'watch') COMPREPLY=($(compgen -W '--json --events -h --help' -- "$current")) ;;
    'history') COMPREPLY=($(compgen -W '--since --limit --json -h --help' -- "$current")) ;;
    'audit') COMPREPLY=($(compgen -W '--since --limit --json -h --help' -- "$current")) ;;
    'notifications') COMPREPLY=($(compgen -W '--failed --json -h --help' -- "$current")) ;;
    'explain') COMPREPLY=($(compgen -W '-h --help' -- "$current")) ;;
    'maintenance') COMPREPLY=($(compgen -W '-h --help on off' -- "$current")) ;;
    'maintenance on') COMPREPLY=($(compgen -W '--ttl --reason --json -h --help' -- "$current")) ;;
    'maintenance off') COMPREPLY=($(compgen -W '--json -h --help' -- "$current")) ;;
    'failover') COMPREPLY=($(compgen -W '--ttl --reason --json -h --help' -- "$current")) ;;
    'priority') COMPREPLY=($(compgen -W '-h --help set reset' -- "$current")) ;;
    'priority set') COMPREPLY=($(compgen -W '--ttl --reason --json -h --help' -- "$current")) ;;
    'priority reset') COMPREPLY=($(compgen -W '--json -h --help' -- "$current")) ;;
    'drain') COMPREPLY=($(compgen -W '--ttl --reason --json --of -h --help' -- "$current")) ;;
    'weight') COMPREPLY=($(compgen -W '--ttl --reason --json --of -h --help' -- "$current")) ;;
    'enable') COMPREPLY=($(compgen -W '--of --json -h --help' -- "$current")) ;;
    'real-server') COMPREPLY=($(compgen -W '-h --help add remove restore' -- "$current")) ;;
    'real-server add') COMPREPLY=($(compgen -W '--ttl --reason --json --port --weight -h --help' -- "$current")) ;;
    'real-server remove') COMPREPLY=($(compgen -W '--ttl --reason --json --of -h --help' -- "$current")) ;;
    'real-server restore') COMPREPLY=($(compgen -W '--json -h --help' -- "$current")) ;;
    'dump') COMPREPLY=($(compgen -W '--format -h --help' -- "$current")) ;;
    'support-bundle') COMPREPLY=($(compgen -W '-h --help' -- "$current")); [[ $current != -* ]] && COMPREPLY+=($(compgen -f -- "$current")) ;;
    'log-level') COMPREPLY=($(compgen -W '-h --help' -- "$current")) ;;
    'reload') COMPREPLY=($(compgen -W '--json -h --help' -- "$current")) ;;
    'apply') COMPREPLY=($(compgen -W '-i --config-id --lenient --confirm --json -h --help' -- "$current")); [[ $current != -* ]] && COMPREPLY+=($(compgen -f -- "$current")) ;;
    'confirm') COMPREPLY=($(compgen -W '-h --help' -- "$current")) ;;
    'rollback') COMPREPLY=($(compgen -W '-h --help' -- "$current")) ;;
    'health') COMPREPLY=($(compgen -W '-h --help' -- "$current")) ;;
    'upgrade') COMPREPLY=($(compgen -W '--if-changed -h --help' -- "$current")) ;;
    'stop') COMPREPLY=($(compgen -W '-h --help' -- "$current")) ;;
    'plan') COMPREPLY=($(compgen -W '-i --config-id --lenient --against --json -h --help' -- "$current")); [[ $current != -* ]] && COMPREPLY+=($(compgen -f -- "$current")) ;;
    'check') COMPREPLY=($(compgen -W '-i --config-id --lenient --json --warnings-as-errors -h --help' -- "$current")); [[ $current != -* ]] && COMPREPLY+=($(compgen -f -- "$current")) ;;
    'config') COMPREPLY=($(compgen -W '-h --help show' -- "$current")) ;;
    'config show') COMPREPLY=($(compgen -W '-i --config-id --lenient --expanded --typed --json --secrets -h --help' -- "$current")); [[ $current != -* ]] && COMPREPLY+=($(compgen -f -- "$current")) ;;
    'fmt') COMPREPLY=($(compgen -W '--write --check -h --help' -- "$current")); [[ $current != -* ]] && COMPREPLY+=($(compgen -f -- "$current")) ;;
    'keywords') COMPREPLY=($(compgen -W '--json -h --help' -- "$current")) ;;
    *) ;;
  esac
}
complete -o filenames -F _keepwatchctl keepwatchctl
