# Written by npm run generate from the option tables. Do not edit.
_keepwatchctl() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} path='' word
  COMPREPLY=()
  case $previous in
    --run-dir) COMPREPLY=($(compgen -f -- "$current")); return ;;
    --address) return ;;
    *) ;;
  esac
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$path ${word}" in
      ' status') path='status' ;;
      ' watch') path='watch' ;;
      ' reload') path='reload' ;;
      ' stop') path='stop' ;;
    esac
  done
  case $path in
    '') COMPREPLY=($(compgen -W '-v --version --run-dir --address --json -h --help status watch reload stop' -- "$current")) ;;
    'status') COMPREPLY=($(compgen -W '--json -h --help' -- "$current")) ;;
    'watch') COMPREPLY=($(compgen -W '--json --events -h --help' -- "$current")) ;;
    'reload') COMPREPLY=($(compgen -W '--json -h --help' -- "$current")) ;;
    'stop') COMPREPLY=($(compgen -W '-h --help' -- "$current")) ;;
    *) ;;
  esac
}
complete -o filenames -F _keepwatchctl keepwatchctl
