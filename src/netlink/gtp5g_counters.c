/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "gtp5g_counters.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/genetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "cleanup.h"
#include "nl.h"

#define PDR_FILE "/proc/gtp5g/pdr"
#define TEXT_MAX 2048
#define IDS_TEXT_MAX 64 /* of the module's buffer, for QERs and for URRs */
#define ATTEMPTS 5

enum { CMD_GET_USAGE_STATISTIC = 20 };
enum { ATTR_LINK = 1 };
enum { UL_RX_BYTES = 1, UL_TX_BYTES, DL_RX_BYTES, DL_TX_BYTES };
enum { UL_RX_PACKETS = 5, UL_TX_PACKETS, DL_RX_PACKETS, DL_TX_PACKETS };

/* The number behind "KEY:", decimal or after 0x; keys have a blank before the colon or not. */
static int take_number(const char *text, const char *key, uint64_t *ret)
{
	const char *at = strstr(text, key);
	char *end;

	if (!at)
		return -EPROTO;
	at += strlen(key);
	at += strspn(at, " ");
	if (*at++ != ':')
		return -EPROTO;
	errno = 0;
	*ret = strtoull(at, &end, 0);
	return errno || end == at ? -EPROTO : 0;
}

/* "1.2.3.4(0x01020304)", and "0.0.0.0(0)" or the like where there is none. */
static int take_address(const char *text, const char *key, uint32_t *ret)
{
	const char *at = strstr(text, key);
	char address[INET_ADDRSTRLEN] = "";
	struct in_addr v4;

	if (!at || sscanf(at + strlen(key), " : %15[0-9.]", address) != 1)
		return -EPROTO;
	*ret = inet_pton(AF_INET, address, &v4) == 1 ? v4.s_addr : 0;
	return 0;
}

int gtp5g_pdr_text_parse(const char *text, struct gtp5g_pdr_text *ret)
{
	struct gtp5g_pdr_text t = {0};
	uint64_t id, teid;

	if (take_number(text, "\t SEID", &t.seid) < 0 || take_number(text, "\t ID", &id) < 0 ||
	    take_number(text, "PDI TEID", &teid) < 0 || take_address(text, "PDI UE Addr4", &t.ue) < 0 ||
	    take_number(text, "UL Drop Count", &t.counts.ul_drops) < 0 ||
	    take_number(text, "DL Drop Count", &t.counts.dl_drops) < 0 ||
	    take_number(text, "UL Packet Count", &t.counts.ul_packets) < 0 ||
	    take_number(text, "DL Packet Count", &t.counts.dl_packets) < 0 ||
	    take_number(text, "UL Byte Count", &t.counts.ul_bytes) < 0 ||
	    take_number(text, "DL Byte Count", &t.counts.dl_bytes) < 0)
		return -EPROTO;
	t.id = (uint32_t)id;
	t.teid = (uint32_t)teid;
	*ret = t;
	return 0;
}

/* "0x%x, " for each. */
static bool ids_fit(const struct gtp5g_ids *ids)
{
	int len = 0;

	for (uint32_t i = 0; i < ids->n; i++)
		len += snprintf(NULL, 0, "0x%x, ", ids->ids[i]);
	return !ids->left_out && len < IDS_TEXT_MAX;
}

bool gtp5g_pdr_text_fits(const struct gtp5g_rule *pdr)
{
	return ids_fit(&pdr->pdr.qers) && ids_fit(&pdr->pdr.urrs);
}

static bool same_pdr(const struct gtp5g_pdr_text *t, const struct gtp5g_rule *pdr)
{
	uint32_t ue = pdr->has & GTP5G_HAS_UE ? addr_v4(&pdr->pdr.ue) : 0;
	uint32_t teid = pdr->has & GTP5G_HAS_TEID ? pdr->pdr.teid : 0;

	return t->seid == pdr->seid && t->id == pdr->id && t->ue == ue && t->teid == teid;
}

static int ask_once(int fd, const char *question, struct gtp5g_pdr_text *ret)
{
	char text[TEXT_MAX];
	ssize_t n;

	/* The module's own error is -1 for whatever it does not find. */
	if (write(fd, question, strlen(question)) < 0)
		return -ENOENT;
	n = pread(fd, text, sizeof(text) - 1, 0);
	if (n < 0)
		return -EAGAIN;
	text[n] = '\0';
	return gtp5g_pdr_text_parse(text, ret);
}

static int ask(int fd, const char *question, const struct gtp5g_rule *pdr, struct gtp5g_pdr_text *ret)
{
	int r = -EAGAIN;

	for (int i = 0; i < ATTEMPTS; i++) {
		r = ask_once(fd, question, ret);
		if (r == 0 && same_pdr(ret, pdr))
			return 0;
		if (r < 0 && r != -EAGAIN)
			return r;
		r = -EAGAIN;
	}
	return r;
}

int gtp5g_pdr_counts_read(const char *device, const struct gtp5g_rule *pdr, struct gtp5g_pdr_counts *ret,
			  struct err *err)
{
	_cleanup_close_ int fd = -1;
	struct gtp5g_pdr_text text;
	char question[96];
	int r;

	if (!gtp5g_pdr_text_fits(pdr))
		return err_set(err, -EOVERFLOW,
			       "PDR %u of 0x%" PRIx64 ": it has more QERs or URRs than the module can "
			       "safely write into " PDR_FILE,
			       pdr->id, pdr->seid);
	fd = open(PDR_FILE, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, -errno, PDR_FILE ": %s", strerror(errno));
	if (flock(fd, LOCK_EX) < 0)
		return err_set(err, -errno, PDR_FILE ": locking: %s", strerror(errno));
	snprintf(question, sizeof(question), "%s %" PRIu64 " %u", device, pdr->seid, pdr->id);
	r = ask(fd, question, pdr, &text);
	if (r < 0)
		return err_set(err, r, PDR_FILE ": %s: %s", question, err_name(r));
	*ret = text.counts;
	return 0;
}

struct usage_answer {
	struct gtp5g_usage usage;
	unsigned seen; /* bits of attributes */
};

static int on_usage(const struct nlmsghdr *nlh, void *data)
{
	struct usage_answer *a = data;
	uint64_t *const places[] = {
		[UL_RX_BYTES] = &a->usage.ul_rx_bytes,	   [DL_RX_BYTES] = &a->usage.dl_rx_bytes,
		[UL_RX_PACKETS] = &a->usage.ul_rx_packets, [UL_TX_PACKETS] = &a->usage.ul_tx_packets,
		[DL_RX_PACKETS] = &a->usage.dl_rx_packets, [DL_TX_PACKETS] = &a->usage.dl_tx_packets,
	};
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		unsigned type = mnl_attr_get_type(attr);

		if (type >= ARRAY_SIZE(places) || !places[type] || mnl_attr_get_payload_len(attr) != sizeof(uint64_t))
			continue;
		memcpy(places[type], mnl_attr_get_payload(attr), sizeof(uint64_t));
		a->seen |= 1u << type;
	}
	return MNL_CB_OK;
}

int gtp5g_usage_get(uint16_t family, unsigned ifindex, struct gtp5g_usage *ret, struct err *err)
{
	const unsigned all = 1u << UL_RX_BYTES | 1u << DL_RX_BYTES | 0xfu << UL_RX_PACKETS;
	struct usage_answer answer = {0};
	struct nl_message m;
	int r;

	nl_begin_generic(&m, family, CMD_GET_USAGE_STATISTIC, 0);
	mnl_attr_put_u32(m.h, ATTR_LINK, ifindex);
	r = nl_request(&m, on_usage, &answer, "gtp5g: its usage statistic", err);
	if (r < 0)
		return r;
	if (answer.seen != all)
		return err_set(err, -EPROTO, "gtp5g: its usage statistic lacks counters");
	*ret = answer.usage;
	return 0;
}
