// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* /proc/sender: write an order, and the write returns when all is sent; then read what came of it, as
 * a line of JSON. Orders of several descriptors run at the same time. */
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "sender.h"

#define ORDER_MAX 1024

static void show_kinds(struct seq_file *m, const struct sending *s)
{
	const char *name;
	u32 kind;

	seq_puts(m, ",\"kinds\":{");
	for (kind = 0; (name = hostile_kind(&s->order, kind)); kind++)
		seq_printf(m, "%s\"%s\":%u", kind ? "," : "", name, s->kinds[kind]);
	seq_putc(m, '}');
}

static int show(struct seq_file *m, void *unused)
{
	const struct sending *s = m->private;

	seq_printf(m, "{\"direction\":\"%s\",\"hostile\":%s,\"count\":%u,\"sessions\":%u",
		   s->order.downlink ? "downlink" : "uplink", s->order.hostile ? "true" : "false", s->order.count,
		   s->order.sessions);
	seq_printf(m, ",\"sent\":%llu,\"refused\":%llu,\"unmade\":%llu,\"bytes\":%llu", s->sent, s->refused, s->unmade,
		   s->bytes);
	seq_printf(m, ",\"duration_ns\":%llu", s->duration_ns);
	if (s->order.hostile)
		show_kinds(m, s);
	seq_puts(m, "}\n");
	return 0;
}

static struct sending *sending_of(struct file *file)
{
	return ((struct seq_file *)file->private_data)->private;
}

static int control_open(struct inode *inode, struct file *file)
{
	struct sending *s = kvzalloc(sizeof(*s), GFP_KERNEL);
	int err = s ? single_open(file, show, s) : -ENOMEM;

	if (err)
		kvfree(s);
	return err;
}

static int control_release(struct inode *inode, struct file *file)
{
	kvfree(sending_of(file));
	return single_release(inode, file);
}

static ssize_t control_write(struct file *file, const char __user *from, size_t len, loff_t *at)
{
	struct sending *s = sending_of(file);
	char *text;
	int err;

	if (len >= ORDER_MAX || s->order.count)
		return -EINVAL;
	text = memdup_user_nul(from, len);
	if (IS_ERR(text))
		return PTR_ERR(text);
	err = order_parse(text, &s->order);
	kfree(text);
	if (!err)
		err = send_all(s);
	return err ? err : len;
}

static const struct proc_ops control_ops = {
	.proc_open = control_open,
	.proc_read = seq_read,
	.proc_write = control_write,
	.proc_lseek = seq_lseek,
	.proc_release = control_release,
};

static int __init sender_init(void)
{
	return proc_create("sender", 0600, NULL, &control_ops) ? 0 : -ENOMEM;
}

static void __exit sender_exit(void)
{
	remove_proc_entry("sender", NULL);
}

module_init(sender_init);
module_exit(sender_exit);
MODULE_LICENSE("Dual BSD/GPL");
MODULE_DESCRIPTION("Sends packets for tests");
