// SPDX-License-Identifier: GPL-2.0-or-later
#include "page.h"

#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

/* A writer needs some 100 ns; whoever interrupts it waits in vain, and looks again later. */
#define PAGE_TRIES 32

struct pinned {
	struct page *page;
	const struct picket_lease_page *lease;
	struct rcu_head rcu;
};

static struct pinned __rcu *pinned_page; /* changed under the door's mutex */

static void pinned_free(struct rcu_head *rcu)
{
	struct pinned *p = container_of(rcu, struct pinned, rcu);

	unpin_user_page(p->page);
	kfree(p);
}

static void page_swap(struct pinned *p)
{
	struct pinned *old = rcu_replace_pointer(pinned_page, p, true);

	if (old)
		call_rcu(&old->rcu, pinned_free);
}

/*
 * The array's memory stays while it is pinned, whoever frees the map. A BPF array keeps its values
 * in lowmem pages, so that page_address() holds; anything else is refused.
 */
int page_set(u64 address)
{
	struct pinned *p;
	int rc;

	if (offset_in_page(address) > PAGE_SIZE - sizeof(*p->lease) || address % sizeof(u64))
		return -EINVAL;
	p = kzalloc(sizeof(*p), GFP_KERNEL);
	if (!p)
		return -ENOMEM;
	rc = pin_user_pages_fast(
		address & PAGE_MASK, 1, FOLL_WRITE | FOLL_LONGTERM, &p->page);
	if (rc != 1) {
		kfree(p);
		return rc < 0 ? rc : -EFAULT;
	}
	if (PageHighMem(p->page)) {
		pinned_free(&p->rcu);
		return -EINVAL;
	}
	p->lease = page_address(p->page) + offset_in_page(address);
	page_swap(p);
	return 0;
}

void page_drop(void)
{
	page_swap(NULL);
	rcu_barrier();
}

bool page_there(void)
{
	return rcu_access_pointer(pinned_page) != NULL;
}

/* Each word is read once: what was checked is what is used. */
static bool page_copy(const struct picket_lease_page *from, struct picket_lease_page *to)
{
	u64 seq = READ_ONCE(from->seq);

	if (seq & 1)
		return false;
	smp_rmb();
	to->seq = seq;
	to->deadline_ns = READ_ONCE(from->deadline_ns);
	to->incarnation = READ_ONCE(from->incarnation);
	to->expired_ns = READ_ONCE(from->expired_ns);
	smp_rmb();
	return READ_ONCE(from->seq) == seq;
}

int page_read(struct picket_lease_page *ret)
{
	struct picket_lease_page copy = {};
	struct pinned *p;
	int rc = -ENODATA;

	rcu_read_lock();
	p = rcu_dereference(pinned_page);
	for (int i = 0; p && i < PAGE_TRIES; i++) {
		rc = page_copy(p->lease, &copy) ? 0 : -EAGAIN;
		if (!rc)
			break;
		cpu_relax();
	}
	rcu_read_unlock();
	if (!rc)
		*ret = copy;
	return rc;
}
