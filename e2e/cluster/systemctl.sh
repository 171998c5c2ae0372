#!/bin/sh
# What an installer asks of systemd on a node, whose programs node-stages.sh keeps running: to list a unit, to restart it
# and to say whether it is active. Every other unit is unknown, as systemd says of those that it has no file of.
set -eu
for word; do case $word in -*) ;; *) unit=${word%.service} ;; esac; done
pid_file=/run/supervised.$unit
[ -e "$pid_file" ] || {
  [ "$1" = list-units ] || echo "Unit $unit.service not found." >&2
  [ "$1" = list-units ] || exit 5
  exit 0
}
case $1 in
  list-units) echo "$unit.service loaded active running $unit" ;;
  is-active) echo active ;;
  restart | reload-or-restart | try-restart)
    pid=$(cat "$pid_file")
    kill "$pid"
    while kill -0 "$pid" 2>/dev/null; do sleep 0.02; done
    while [ "$(cat "$pid_file")" = "$pid" ]; do sleep 0.02; done
    ;;
esac
