#!/bin/sh
# Ends the devnet's processes when their supervisor is gone, however it went.
# stdin: one line for each change, "SIGNAL:pid SIGNAL:pid …"; its end means that the supervisor is gone.
trap '' INT TERM HUP
list=
while read -r line; do list=$line; done
for entry in $list; do kill -"${entry%%:*}" "${entry##*:}" 2>/dev/null; done
tries=0
while [ $tries -lt 50 ]; do
  left=
  for entry in $list; do kill -0 "${entry##*:}" 2>/dev/null && left=1; done
  [ -z "$left" ] && exit 0
  sleep 0.1 2>/dev/null || sleep 1
  tries=$((tries + 1))
done
for entry in $list; do kill -KILL "${entry##*:}" 2>/dev/null; done
exit 0
