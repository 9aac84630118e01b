# Writes what keepalived understood of each file: "@@@ FILE", its dump. Runs in a guest, where its checkers can start.
modprobe ip_vs || exit 1
number=0
for file; do
  number=$((number + 1))
  echo "@@@ $file"
  # Names of its own for each: one that is still going must not stand in the way of the next.
  # No BFD process (-B): what it writes of its own would fall between the lines of the checkers.
  CORPUS_PRIORITY=42 keepalived -n -l -d -C -B -i box -f "$file" -p /run/main.$number -c /run/checkers.$number >/run/out.$number 2>&1 &
  main=$!
  tries=0
  # What it says after the last line of the dump, or that it gives up.
  until grep -q -e 'Activating BFD' /run/out.$number || [ $tries -ge 300 ] || ! kill -0 $main 2>/dev/null; do
    sleep 0.1
    tries=$((tries + 1))
  done
  pkill -KILL -x keepalived
  wait $main 2>/dev/null
  cat /run/out.$number
  [ $tries -lt 300 ] || echo "!!! $file took too long"
  ipvsadm -C
done
