# Writes what keepalived understood of each file: "@@@ FILE", its dump. Runs in a guest, where its checkers can start.
modprobe ip_vs || exit 1
for file; do
  echo "@@@ $file"
  rm -f /run/out
  CORPUS_PRIORITY=42 keepalived -n -l -d -C -i box -f "$file" -p /run/main.pid -c /run/checkers.pid >/run/out 2>&1 &
  main=$!
  tries=0
  until grep -q 'Activating BFD' /run/out || [ $tries -ge 60 ] || ! kill -0 $main 2>/dev/null; do
    sleep 0.1
    tries=$((tries + 1))
  done
  kill -KILL "$(cat /run/checkers.pid 2>/dev/null)" $main 2>/dev/null
  wait $main 2>/dev/null
  cat /run/out
  ipvsadm -C
done
