// SPDX-License-Identifier: GPL-2.0-or-later
#include "door.h"

#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/nsproxy.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <net/net_namespace.h>

#include "beat.h"
#include "deadline.h"
#include "nmi.h"
#include "page.h"

#define DOOR_KILL_MAX_NS (60 * NSEC_PER_SEC)

/* Between callers only: neither the deadline nor the beats take it. */
static DEFINE_MUTEX(door_mutex);

/* ---- what may be asked --------------------------------------------------------------------- */

static int door_check(const struct picket_door_config *c)
{
	if (c->version < PICKET_DOOR_VERSION_MIN || c->version > PICKET_DOOR_VERSION_MAX)
		return -EINVAL;
	if (c->verdict < PICKET_VERDICT_REBOOT || c->verdict > PICKET_VERDICT_ISOLATE)
		return -EINVAL;
	if (!c->cluster || !c->incarnation || !c->node || c->node >= PICKET_NODES_MAX)
		return -EINVAL;
	if (c->interval_us < PICKET_INTERVAL_MIN_US || c->interval_us > PICKET_INTERVAL_MAX_US)
		return -EINVAL;
	if (!c->lease_max_ns || c->lease_max_ns > PICKET_LEASE_MAX_NS ||
		c->agent_max_ns > PICKET_LEASE_MAX_NS || c->warn_ns >= c->lease_max_ns)
		return -EINVAL;
	if (c->agent_max_ns && c->agent_max_ns <= c->warn_ns)
		return -EINVAL;
	return c->kill_ns && c->kill_ns <= DOOR_KILL_MAX_NS ? 0 : -EINVAL;
}

/* Nothing is changed unless everything can be. */
static int door_configure(const struct picket_door_config *config)
{
	int rc = door_check(config);

	if (!rc)
		rc = deadline_allows(config);
	if (!rc && config->page)
		rc = page_set(config->page);
	if (!rc)
		rc = deadline_configure(config);
	if (!rc)
		rc = beat_configure(config);
	if (!rc)
		deadline_alive();
	return rc;
}

static int door_links(const struct picket_door_links *links)
{
	if (!net_eq(current->nsproxy->net_ns, &init_net))
		return -EOPNOTSUPP;
	return beat_links(links);
}

void door_state(struct picket_door_state *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->version_min = PICKET_DOOR_VERSION_MIN;
	ret->version_max = PICKET_DOOR_VERSION_MAX;
	deadline_look(ktime_get_boottime_ns());
	deadline_state(ret);
	beat_state(ret);
}

/* ---- the ioctls ---------------------------------------------------------------------------- */

static long door_do_configure(void __user *from)
{
	struct picket_door_config config;

	if (copy_from_user(&config, from, sizeof(config)))
		return -EFAULT;
	return door_configure(&config);
}

static long door_do_links(void __user *from)
{
	struct picket_door_links *links = memdup_user(from, sizeof(*links));
	long rc;

	if (IS_ERR(links))
		return PTR_ERR(links);
	rc = door_links(links);
	kfree(links);
	return rc;
}

static long door_do_key(void __user *from)
{
	struct picket_door_key key;
	long rc = -EFAULT;

	if (!copy_from_user(&key, from, sizeof(key)))
		rc = beat_key(&key);
	memzero_explicit(&key, sizeof(key));
	return rc;
}

static long door_do_arm(void __user *unused)
{
	long rc = deadline_arm();

	if (!rc)
		nmi_start();
	return rc;
}

static long door_do_renew(void __user *from)
{
	struct picket_door_renewal renewal;

	if (copy_from_user(&renewal, from, sizeof(renewal)))
		return -EFAULT;
	return deadline_renew(&renewal);
}

static long door_do_release(void __user *from)
{
	__u64 incarnation;
	long rc;

	if (copy_from_user(&incarnation, from, sizeof(incarnation)))
		return -EFAULT;
	rc = deadline_release(incarnation);
	if (!rc)
		nmi_stop();
	return rc;
}

static long door_do_state(void __user *to)
{
	struct picket_door_state state;

	door_state(&state);
	return copy_to_user(to, &state, sizeof(state)) ? -EFAULT : 0;
}

static const struct {
	unsigned int command;
	long (*run)(void __user *argument);
} door_rows[] = {
	{ PICKET_DOOR_CONFIGURE, door_do_configure },
	{ PICKET_DOOR_LINKS, door_do_links },
	{ PICKET_DOOR_KEY, door_do_key },
	{ PICKET_DOOR_ARM, door_do_arm },
	{ PICKET_DOOR_RENEW, door_do_renew },
	{ PICKET_DOOR_RELEASE, door_do_release },
	{ PICKET_DOOR_STATE, door_do_state },
};

static long door_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	long rc = -ENOTTY;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (command == PICKET_DOOR_ALIVE) { /* waits for nobody */
		deadline_alive();
		return 0;
	}
	if (mutex_lock_interruptible(&door_mutex))
		return -ERESTARTSYS;
	for (size_t i = 0; i < ARRAY_SIZE(door_rows); i++)
		if (door_rows[i].command == command)
			rc = door_rows[i].run((void __user *)argument);
	mutex_unlock(&door_mutex);
	return rc;
}

static int door_open(struct inode *inode, struct file *file)
{
	return capable(CAP_SYS_ADMIN) ? nonseekable_open(inode, file) : -EPERM;
}

/* No release: shutting the door ends no promise. */
static const struct file_operations door_operations = {
	.owner = THIS_MODULE,
	.open = door_open,
	.unlocked_ioctl = door_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice door_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "picket",
	.mode = 0600,
	.fops = &door_operations,
};

struct kobject *door_kobject(void)
{
	return &door_device.this_device->kobj;
}

int door_init(void)
{
	return misc_register(&door_device);
}

void door_done(void)
{
	misc_deregister(&door_device);
}
