/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Any bytes as a packet: nothing is read beyond them, and each is accounted under one head. The first two say what the
 * kernel would know before the first byte. */
#include "fuzz.h"
#include "packet_user.h"

static void check(const struct packet *p)
{
	CHECK(p->head < HEAD_MAX);
	CHECK(p->vlans <= PACKET_VLAN_MAX);
	CHECK(p->overlay >> RECORD_OVERLAY_SHIFT <= OVERLAY_GENEVE);
	CHECK((p->head == HEAD_GTPU) == (p->inner.family != 0));
	CHECK(p->head >= HEAD_SKIPPED || p->outer.family);
	CHECK(!p->tcp || (p->head == HEAD_GTPU ? p->inner.proto : p->outer.proto) == PACKET_TCP);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct packet_stamps stamps;
	struct packet_work work;
	struct packet_bytes bytes = {data + 2, (uint32_t)size - 2};

	if (size < 2)
		return 0;
	struct packet_start start = {
		.len = bytes.len,
		.l3 = data[0] & 1,
		.gso = data[0] >> 1 & 1,
		.vlans = data[0] >> 2 & 1,
		.vlan = data[1],
		.gtp_port = 2152,
		.vxlan_port = 4789,
		.geneve_port = data[0] & 8 ? 0 : 6081,
	};

	/* what was there before is not to be seen again */
	memset(&work, data[1], sizeof(work));
	packet_parse(&bytes, &start, &work);
	check(&work.packet);
	if (work.packet.head == HEAD_GTPU && work.packet.gtp.flags & RECORD_GTP_QFI)
		packet_session_read(&bytes, &work.session, &stamps);
	return 0;
}
