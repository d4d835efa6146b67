#!/bin/sh
# Runs "$@" and ends it (SIGTERM) when stdin closes: a pipe from the process that started this. So no part outlives the
# whole, even one that was killed. Its exit code is the program's, or 128 + signal.
exec 3<&0 </dev/null
"$@" 3<&- &
child=$!
(while read -r _; do :; done; kill -TERM "$child") <&3 >/dev/null 2>&1 3<&- &
guard=$!
exec 3<&-
wait "$child" 2>/dev/null
code=$?
{ kill "$guard"; wait "$guard"; } 2>/dev/null
exit "$code"
