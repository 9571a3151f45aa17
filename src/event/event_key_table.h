/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The keys of events and rows, in the order of JSON. The including file defines KEY();
 * event_key.h says what the columns are.
 *
 * KEY(bit of `has`, object, key, form, member of struct event, unit, place and word in a line of text,
 *     help) */
KEY(F_CPU, NONE, "cpu", NUMBER, HEAD(cpu), "", TEXT(CPU, "cpu"), "CPU the program ran on")
KEY(F_PID, NONE, "pid", NUMBER, HEAD(pid), "", TEXT(TASK, "pid"),
    "thread id, in the PID namespace of teide's /proc; absent where that does not contain the thread")
KEY(F_TGID, NONE, "tgid", NUMBER, HEAD(tgid), "", TEXT(TASK, "tgid"), "process id, likewise")
KEY(F_COMM, NONE, "comm", ARRAY, HEAD(comm), "", TEXT(TASK, "comm"), "name of the thread")
KEY(F_CONTEXT, NONE, "context", CONTEXT, HEAD(context), "", TEXT(TASK, "context"),
    "process, softirq, hardirq, idle: outside process the task was merely there")
KEY(F_CGROUP, NONE, "cgroup", ID, HEAD(cgroup), "", NO_TEXT, "cgroup v2 id of the task, decimal: it can exceed 2^53")
KEY(F_POD, NONE, "pod", STRING, HEAD(pod), "", TEXT(OWNER, "pod"),
    "pod of the task, else of the network namespace: NAMESPACE/NAME, else its UID")
KEY(F_POD_UID, NONE, "pod_uid", STRING, HEAD(pod_uid), "", NO_TEXT, "its UID")
KEY(F_CONTAINER, NONE, "container", STRING, HEAD(container), "", TEXT(OWNER, "container"),
    "container of the task, else the only one of the network namespace: name, else id")
KEY(F_CONTAINER_ID, NONE, "container_id", STRING, HEAD(container_id), "", NO_TEXT, "its id")
KEY(F_NETNS, NONE, "netns", STRING, HEAD(netns), "", TEXT(PACKET, "netns"),
    "network namespace: its name, else its inode")
KEY(F_INTERFACE, NONE, "interface", ARRAY, HEAD(interface), "", TEXT(PACKET, "interface"), "interface name")
KEY(F_IFINDEX, NONE, "ifindex", NUMBER, HEAD(ifindex), "", NO_TEXT, "interface index inside netns")
KEY(F_PEER, NONE, "peer", STRING, HEAD(peer), "", NO_TEXT,
    "the other end of the interface, a VLAN's lower device: [NETNS/]INTERFACE")
KEY(F_TWIN, NONE, "twin", STRING, HEAD(peer), "", NO_TEXT,
    "the same, where it is watched too and has the same packets: not to be added up")
KEY(F_DIR, NONE, "dir", DIR, HEAD(dir), "", TEXT(PACKET, "dir"), "ingress or egress, as TC sees the interface")
KEY(F_DIRECTION, NONE, "direction", DIRECTION, HEAD(direction), "", TEXT(PACKET, "direction"),
    "uplink or downlink, only where GTP tells")
KEY(F_VLAN, NONE, "vlan", NUMBER, FLOW(vlan), "", TEXT(PACKET, "vlan"), "outermost VLAN id")
KEY(F_INNER_VLAN, NONE, "inner_vlan", NUMBER, FLOW(inner_vlan), "", TEXT(PACKET, "inner_vlan"),
    "the VLAN id inside it, where there are two")
KEY(F_OVERLAY, NONE, "overlay", STRING, FLOW(overlay), "", TEXT(PACKET, "overlay"),
    "vxlan or geneve, through which the packet came")
KEY(F_VNI, NONE, "vni", NUMBER, FLOW(vni), "", TEXT(PACKET, "vni"), "its network identifier")
KEY(F_LEN, NONE, "len", NUMBER, HEAD(len), "bytes", TEXT(PACKET, "pktlen"), "length in bytes, taken at entry")
KEY(F_GTP_TEID, GTP, "teid", TEID, HEAD(gtp.teid), "", TEXT(PACKET, "teid"), "tunnel endpoint identifier")
KEY(F_GTP_TYPE, GTP, "type", NUMBER, HEAD(gtp.type), "", TEXT(PACKET, "type"), "GTP-U message type (TS 29.281 6.1)")
KEY(F_GTP_QFI, GTP, "qfi", NUMBER, HEAD(gtp.qfi), "", TEXT(PACKET, "qfi"), "QoS flow identifier of the packet")
KEY(F_GTP_SEQ, GTP, "seq", NUMBER, HEAD(gtp.seq), "", TEXT(PACKET, "seq"), "sequence number, where the S flag is set")
KEY(F_GTP_RQI, GTP, "rqi", NUMBER, HEAD(gtp.rqi), "", TEXT(PACKET, "rqi"),
    "reflective QoS indicator, downlink (TS 38.415 5.5.3.4)")
KEY(F_GTP_PPI, GTP, "ppi", NUMBER, HEAD(gtp.ppi), "", TEXT(PACKET, "ppi"),
    "paging policy indicator, where there is one")
KEY(F_OUTER_SRC, OUTER, "src", ADDRESS, HEAD(outer.src), "", TEXT(OUTER, "outer_src"),
    "source address; of a packet without GTP too")
KEY(F_OUTER_DST, OUTER, "dst", ADDRESS, HEAD(outer.dst), "", TEXT(OUTER, "outer_dst"), "destination address")
KEY(F_OUTER_SPORT, OUTER, "sport", NUMBER, HEAD(outer.sport), "", TEXT(OUTER_PORTS, "outer"), "source port; ICMP: type")
KEY(F_OUTER_DPORT, OUTER, "dport", NUMBER, HEAD(outer.dport), "", NO_TEXT, "destination port; ICMP: code")
KEY(F_OUTER_PROTO, OUTER, "proto", NUMBER, HEAD(outer.proto), "", NO_TEXT, "IP protocol number")
KEY(F_INNER_SRC, INNER, "src", ADDRESS, HEAD(inner.src), "", TEXT(INNER, "inner_src"),
    "source address inside the tunnel")
KEY(F_INNER_DST, INNER, "dst", ADDRESS, HEAD(inner.dst), "", TEXT(INNER, "inner_dst"),
    "destination address inside the tunnel")
KEY(F_INNER_SPORT, INNER, "sport", NUMBER, HEAD(inner.sport), "", TEXT(INNER_PORTS, "inner"),
    "source port inside; ICMP: type")
KEY(F_INNER_DPORT, INNER, "dport", NUMBER, HEAD(inner.dport), "", NO_TEXT, "destination port inside; ICMP: code")
KEY(F_INNER_PROTO, INNER, "proto", NUMBER, HEAD(inner.proto), "", NO_TEXT, "IP protocol number inside")
KEY(F_TCP_FLAGS, NONE, "tcp_flags", ARRAY, FLOW(tcp_flags), "", TEXT(FLAGS, "tcp_flags"),
    "TCP flags, in a row all that were seen: letters of FSRPAUEC, or none")
KEY(F_SEID, NONE, "seid", ID, HEAD(seid), "", TEXT(RULE_IDS, "seid"), "PFCP session, decimal: it can exceed 2^53")
KEY(F_PDR_ID, NONE, "pdr_id", NUMBER, HEAD(pdr_id), "", TEXT(RULE_IDS, "pdr_id"), "packet detection rule")
KEY(F_FAR_ID, NONE, "far_id", NUMBER, HEAD(far_id), "", TEXT(RULE_IDS, "far_id"), "forwarding action rule")
KEY(F_FAR_ACTION, NONE, "far_action", NUMBER, CALL(far_action), "", TEXT(RULE_IDS, "far_action"), "its action bits")
KEY(F_QER_ID, NONE, "qer_id", NUMBER, HEAD(qer_id), "", TEXT(RULE_IDS, "qer_id"),
    "QoS enforcement rule: the PDR's that polices, else its first; absent where gtp5g does not tell which of several "
    "it is")
KEY(F_RULE_QFI, NONE, "rule_qfi", NUMBER, CALL(rule_qfi), "", TEXT(OUTCOME, "rule_qfi"),
    "QFI of the rule, which may differ")
KEY(F_VERDICT, NONE, "verdict", STRING, CALL(verdict), "", TEXT(OUTCOME, "verdict"), "what became of the packet")
KEY(F_REASON, NONE, "reason", STRING, HEAD(reason), "", TEXT(OUTCOME, "reason"), "why")
KEY(F_COLOR, NONE, "color", STRING, CALL(color), "", TEXT(OUTCOME, "color"), "what policing said: green, yellow, red")
KEY(F_FUNCTION, NONE, "function", STRING, CALL(function), "", TEXT(FUNCTION, "func"), "function of the kernel module")
KEY(F_FUNC_ID, NONE, "func_id", NUMBER, CALL(func_id), "", NO_TEXT, "its stable number")
KEY(F_RETURN, NONE, "return", SIGNED, CALL(return_value), "", TEXT(OUTCOME, "return"), "its return value")
KEY(F_STAGE, NONE, "stage", STRING, CALL(stage), "", TEXT(TIMES, "stage"),
    "a part of the packet's way: parse, lookup, apply, send")
KEY(F_STAGE_PARSE_NS, STAGES, "parse_ns", NUMBER, CALL(stages.parse_ns), "ns", TEXT(TIMES, "parse_ns"),
    "from entry to the rule's lookup")
KEY(F_STAGE_LOOKUP_NS, STAGES, "lookup_ns", NUMBER, CALL(stages.lookup_ns), "ns", TEXT(TIMES, "lookup_ns"),
    "the lookup")
KEY(F_STAGE_APPLY_NS, STAGES, "apply_ns", NUMBER, CALL(stages.apply_ns), "ns", TEXT(TIMES, "apply_ns"),
    "gate, policing, headers; uplink: and handing it on")
KEY(F_STAGE_SEND_NS, STAGES, "send_ns", NUMBER, CALL(stages.send_ns), "ns", TEXT(TIMES, "send_ns"),
    "downlink: route, queue, send")
KEY(F_DURATION_NS, NONE, "duration_ns", NUMBER, CALL(duration_ns), "ns", TEXT(TIMES, "duration_ns"),
    "from its entry to its exit")
KEY(F_PACKETS, NONE, "packets", NUMBER, HEAD(packets), "packets", TEXT(COUNTS, "packets"),
    "packets counted since the last row")
KEY(F_BYTES, NONE, "bytes", NUMBER, HEAD(bytes), "bytes", TEXT(COUNTS, "bytes"), "bytes counted since the last row")
KEY(F_SEGMENTS, NONE, "segments", NUMBER, FLOW(segments), "segments", TEXT(COUNTS, "segments"),
    "wire segments in those packets (GSO)")
KEY(F_FIRST_NS, NONE, "first_ns", NUMBER, HEAD(first_ns), "ns", NO_TEXT, "first seen, boot clock")
KEY(F_LAST_NS, NONE, "last_ns", NUMBER, HEAD(last_ns), "ns", NO_TEXT, "last seen, boot clock")
KEY(F_INTERVAL_NS, NONE, "interval_ns", NUMBER, FLOW(interval_ns), "ns", NO_TEXT,
    "how long the row counted: packets by it are the rate")
KEY(F_RULE, NONE, "rule", RULE_KIND, RULE(kind), "", TEXT(CHANGE, "rule"),
    "kind of a rule that is changed: PDR, FAR, QER, URR, BAR")
KEY(F_CHANGE, NONE, "change", CHANGE, RULE(change), "", TEXT(CHANGE, "change"), "created, replaced, removed, refused")
KEY(F_URR_ID, NONE, "urr_id", NUMBER, RULE(urr_id), "", TEXT(MORE_IDS, "urr_id"), "usage reporting rule")
KEY(F_BAR_ID, NONE, "bar_id", NUMBER, RULE(bar_id), "", TEXT(MORE_IDS, "bar_id"), "buffering action rule")
KEY(F_BUFFERED_PACKETS, BUFFERED, "packets", NUMBER, RULE(buffered.packets), "packets", TEXT(COUNTS, "buffered"),
    "packets that the module gave to the UPF to keep for a FAR; it does not know what became of them")
KEY(F_BUFFERED_BYTES, BUFFERED, "bytes", NUMBER, RULE(buffered.bytes), "bytes", TEXT(COUNTS, "buffered_bytes"),
    "their bytes")
KEY(F_DROPPED_PACKETS, DROPPED, "packets", NUMBER, RULE(dropped.packets), "packets", TEXT(COUNTS, "dropped"),
    "packets dropped on a FAR's way")
KEY(F_DROPPED_BYTES, DROPPED, "bytes", NUMBER, RULE(dropped.bytes), "bytes", TEXT(COUNTS, "dropped_bytes"),
    "their bytes")
