/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The core networks that a lab can be like. */
#pragma once

#include <stdbool.h>

enum lab_core {
	LAB_CORE_SIMPLE,  /* a namespace for each UE, all that GTP-U has, wide numbers */
	LAB_CORE_FREE5GC, /* free5GC with UERANSIM: what their processes, sockets and packets look like */
};

/* What differs. The numbers of free5gc are those of free5GC 4.2 with UERANSIM 3.3. */
struct lab_core_traits {
	const char *name;
	unsigned gnb_threads, upf_threads; /* of a process, its first among them; 0: what the lab needs */
	unsigned ue_threads;		   /* of one without a PDU session */
	unsigned session_threads;	   /* more, with a PDU session */
	bool command_line;		   /* gNB and UE hold a UDP socket at 127.0.0.1 for it */
	bool one_ue_netns;		   /* all UEs in one namespace, with devices uesimtun0, uesimtun1 ... */
	bool path_management;		   /* Echo Requests by the gNB */
	bool error_indications;		   /* by gNB and UPF */
	bool link_local;		   /* IPv6 link-local addresses at the tunnels' devices */
	bool inner_ipv6;		   /* can be: gtp5g has no rule for it */
	unsigned upf_mtu;		   /* of the UPF's device */
	unsigned qfi;			   /* of every G-PDU; 0: of the packet's flow */
	bool flow_rules;		   /* a QoS flow is a pair of PDRs with an SDF filter; else it is a DSCP */
	bool numbered;			   /* downlink G-PDUs have sequence numbers, counted for each PDR */
};

const struct lab_core_traits *lab_core_traits(enum lab_core core);

/* "simple", "free5gc"; the parser returns -EINVAL for any other text. */
const char *lab_core_name(enum lab_core core);
int lab_core_parse(const char *text, enum lab_core *ret);
