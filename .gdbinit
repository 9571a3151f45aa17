# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# For gdb started in this folder: gdb -x .gdbinit --args build/teide flows -i lo --once
# gdb reads it by itself once ~/.config/gdb/gdbinit has: add-auto-load-safe-path /path/to/teide
set print pretty on
set print array-indexes on
set breakpoint pending on
set history save off
# Visits to network namespaces are helper threads that come and go.
set print thread-events off
# The session takes these from a descriptor: the program gets them, and gdb does not stop.
handle SIGTERM SIGHUP nostop noprint pass

define terr
  printf "%s\n", ($arg0).text
end
document terr
terr ERR: the text of a struct err, given as a value (terr *err).
end

define taddr
  set $b = ($arg0).b
  if $b[10] == 0xff && $b[11] == 0xff
    printf "%d.%d.%d.%d\n", $b[12], $b[13], $b[14], $b[15]
  else
    printf "%02x%02x:%02x%02x:%02x%02x:%02x%02x:%02x%02x:%02x%02x:%02x%02x:%02x%02x\n", $b[0], $b[1], $b[2], $b[3], $b[4], $b[5], $b[6], $b[7], $b[8], $b[9], $b[10], $b[11], $b[12], $b[13], $b[14], $b[15]
  end
end
document taddr
taddr ADDR: a struct addr, given as a value, as text (taddr e->outer.src).
end

define tevent
  printf "%s: probe %s, interface %s, %lu packets, %lu bytes\n", event_kind_name(($arg0)->kind), ($arg0)->probe, ($arg0)->interface, ($arg0)->packets, ($arg0)->bytes
end
document tevent
tevent E: in a few words the event or row that a struct event * points at.
end
