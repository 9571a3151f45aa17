/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* KIND(number, name, payload, probe, event or row, help), one line a kind. The including file defines KIND(). */
KIND(KIND_PACKET, "packet", FLOW, "flow", EVENT, "a packet at TC, on request (`teide trace`)")
KIND(KIND_NEWCOMER, "newcomer", FLOW, "flow", EVENT, "the first packet of a sender")
KIND(KIND_FLOW, "flow", FLOW, "flow", ROW, "packets by 5-tuple")
KIND(KIND_TUNNEL, "tunnel", FLOW, "flow", ROW, "packets by tunnel")
KIND(KIND_SENDER, "sender", FLOW, "flow", ROW, "packets by the task that sent them")
KIND(KIND_SEQUENCE, "sequence", FLOW, "flow", ROW, "how the packets of a tunnel or QoS flow follow each other")
KIND(KIND_ECHO, "echo", FLOW, "flow", ROW, "Echo Requests of a path and their answers")
KIND(KIND_DELAY, "delay", FLOW, "flow", ROW, "delays by the time stamps in PDU Session Containers")
KIND(KIND_ERROR_INDICATION, "error_indication", FLOW, "flow", ROW, "Error Indications by path and tunnel")
KIND(KIND_ENTRY, "entry", CALL, "gtpu", EVENT, "a call of one of the module's functions begins")
KIND(KIND_EXIT, "exit", CALL, "gtpu", EVENT, "the call returns")
KIND(KIND_RULE, "rule", RULE, "gtpu", EVENT,
     "a change of one of gtp5g's rules; `old`, `new`, `asked` are objects with the keys of `teide rules -o json`")
KIND(KIND_HANDOVER, "handover", RULE, "gtpu", EVENT,
     "the same where a FAR's tunnel now ends at another gNB: `old` and `new` have its `gnb` and `teid`")
KIND(KIND_RESUMED, "resumed", RULE, "gtpu", EVENT,
     "the same where a FAR that buffered forwards to its gNB again, after paging or a service request; keys as of a "
     "handover")
KIND(KIND_END_MARKER, "end_marker", RULE, "gtpu", EVENT, "an End Marker that gtp5g sends at a change")
KIND(KIND_COUNT, "count", CALL, "gtpu", ROW, "calls by what they returned, packets by what became of them")
KIND(KIND_SESSION, "session", CALL, "gtpu", ROW, "packets by tunnel, rules and what became of them")
KIND(KIND_CONTEXT, "context", CALL, "gtpu", ROW, "calls by the task that was on the CPU")
KIND(KIND_LATENCY, "latency", CALL, "gtpu", ROW, "packets that took from `duration_ns` to below twice of it")
KIND(KIND_WAIT, "wait", WAIT, "runq", ROW, "how a thread waited for a CPU and ran")
KIND(KIND_TRACE, "trace", NONE, "trace_pipe", ROW, "lines that another tracer printed, by thread")
