/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "edge/ear.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/magic.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>

#include <picket/count.h>

#include "ear.skel.h"

#define EAR_ROOT "/sys/fs/bpf"
#define EAR_TC_HANDLE 0x7063 /* one filter of ours beside those of others */
#define EAR_TC_PRIORITY 1

struct ear {
	char *dir; /* PREFIX */
	struct ear_bpf *skel;
};

static const char *const ear_room_names[PICKET_ROOM_END] = {
	[PICKET_ROOM_CONTROLLER] = "controller",
	[PICKET_ROOM_NODE] = "node",
};

uint64_t ear_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* ---- folders ------------------------------------------------------------------------------- */

static char *ear_dir(const char *prefix)
{
	if (prefix && prefix[0] == '/')
		return own_string(prefix);
	return own_printf(EAR_ROOT "/picket/%s", prefix && prefix[0] ? prefix : "host");
}

/* mkdir -p */
static int ear_mkdir(const char *path)
{
	owned(free) char *p = own_string(path);

	for (char *slash = p + 1;; slash++) {
		slash = strchr(slash, '/');
		if (slash)
			*slash = '\0';
		if (mkdir(p, 0700) < 0 && errno != EEXIST)
			return -errno;
		if (!slash)
			return 0;
		*slash = '/';
	}
}

static bool ear_is_bpffs(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && (unsigned long)fs.f_type == BPF_FS_MAGIC;
}

static int ear_dir_make(const char *dir)
{
	const char *root = EAR_ROOT;
	int rc;

	if (strncmp(dir, EAR_ROOT "/", sizeof(EAR_ROOT)) != 0) {
		rc = ear_mkdir(dir);
		if (rc < 0)
			return rc;
		root = dir;
	}
	if (!ear_is_bpffs(root) && mount("bpf", root, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC,
					   "mode=0700") < 0)
		return -errno;
	return ear_mkdir(dir);
}

/* The two daemons of one host start together: one at a time changes what they share. */
static int ear_lock(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX) < 0) {
		int rc = -errno;

		close(fd);
		return rc;
	}
	return fd;
}

static void ear_dir_remove(const char *path)
{
	DIR *d = opendir(path);

	if (!d)
		return;
	for (struct dirent *e = readdir(d); e; e = readdir(d))
		if (e->d_name[0] != '.')
			unlinkat(dirfd(d), e->d_name, 0);
	closedir(d);
	rmdir(path);
}

/* ---- pins ---------------------------------------------------------------------------------- */

static bool ear_map_fits(const struct bpf_map *map, const char *path, bool *ret_there)
{
	struct bpf_map_info info = { 0 };
	uint32_t size = sizeof(info);
	owned(fd) int fd = bpf_obj_get(path);

	*ret_there = fd >= 0;
	if (fd < 0)
		return true;
	return bpf_obj_get_info_by_fd(fd, &info, &size) == 0 && info.type == bpf_map__type(map) &&
		info.key_size == bpf_map__key_size(map) &&
		info.value_size == bpf_map__value_size(map) &&
		info.max_entries == bpf_map__max_entries(map) &&
		info.map_flags == bpf_map__map_flags(map);
}

int ear_pins_set(struct ear *ear, const char *room, struct bpf_object *object, bool *ret_fresh)
{
	owned(free) char *dir = own_printf("%s/%s", ear->dir, room);
	bool fits = true, any = false;
	struct bpf_map *map;
	int rc;

	bpf_object__for_each_map(map, object)
	{
		owned(free) char *path = own_printf("%s/%s", dir, bpf_map__name(map));
		bool there;

		if (bpf_map__is_internal(map))
			continue;
		fits &= ear_map_fits(map, path, &there);
		any |= there;
		rc = bpf_map__set_pin_path(map, path);
		if (rc < 0)
			return rc;
	}
	if (!fits)
		ear_dir_remove(dir);
	*ret_fresh = !any || !fits;
	return ear_mkdir(dir);
}

/* What two daemons must agree on, kept beside the pins. */
static int ear_port_check(const char *dir, uint32_t port)
{
	owned(free) char *path = own_printf("%s/ear/port", dir);
	owned(fd) int fd = bpf_obj_get(path);
	uint32_t key = 0, there = 0;

	if (fd < 0) {
		fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "port", sizeof(key), sizeof(port), 1, NULL);
		if (fd < 0 || bpf_map_update_elem(fd, &key, &port, BPF_ANY) < 0 ||
			bpf_obj_pin(fd, path) < 0)
			return -errno;
		return 0;
	}
	if (bpf_map_lookup_elem(fd, &key, &there) < 0)
		return -errno;
	return there == port ? 0 : -EADDRINUSE;
}

static int ear_load(struct ear *ear, unsigned port)
{
	owned(fd) int lock = ear_lock(ear->dir);
	bool fresh;
	int rc;

	if (lock < 0)
		return lock;
	ear->skel = ear_bpf__open();
	if (!ear->skel)
		return -errno;
	ear->skel->rodata->port = (uint16_t)port;
	rc = ear_pins_set(ear, "ear", ear->skel->obj, &fresh);
	if (rc == 0)
		rc = ear_port_check(ear->dir, port);
	if (rc == 0)
		rc = ear_bpf__load(ear->skel);
	return rc;
}

int ear_open(const char *prefix, unsigned port, struct ear **ret)
{
	owned(ear) struct ear *ear = own_new(struct ear);
	int rc;

	if (port > UINT16_MAX)
		return -EINVAL;
	ear->dir = ear_dir(prefix);
	rc = ear_dir_make(ear->dir);
	if (rc == 0)
		rc = ear_load(ear, port ? port : PICKET_PORT_HEARTBEAT);
	if (rc < 0)
		return rc;
	*ret = give(ear);
	return 0;
}

void ear_close(struct ear *ear)
{
	if (!ear)
		return;
	ear_bpf__destroy(ear->skel);
	free(ear->dir);
	free(ear);
}

int ear_room_set(struct ear *ear, enum picket_room room, int xdp_fd, int lo_fd)
{
	uint32_t key = room;

	if (bpf_map_update_elem(bpf_map__fd(ear->skel->maps.rooms), &key, &xdp_fd, BPF_ANY) < 0 ||
		bpf_map_update_elem(bpf_map__fd(ear->skel->maps.rooms_lo), &key, &lo_fd, BPF_ANY) <
			0)
		return -errno;
	return 0;
}

void ear_room_remove(const char *prefix, enum picket_room room)
{
	owned(free) char *dir = ear_dir(prefix);
	owned(free) char *mine = own_printf("%s/%s", dir, ear_room_names[room]);
	owned(free) char *other =
		own_printf("%s/%s", dir, ear_room_names[PICKET_ROOM_END - 1 - room]);
	owned(free) char *shared = own_printf("%s/ear", dir);

	if (!ear_is_bpffs(dir))
		return;
	ear_dir_remove(mine);
	if (access(other, F_OK) == 0) {
		const char *maps[] = { "rooms", "rooms_lo" };
		uint32_t key = room;

		for (int i = 0; i < 2; i++) {
			owned(free) char *path = own_printf("%s/%s", shared, maps[i]);
			owned(fd) int fd = bpf_obj_get(path);

			if (fd >= 0)
				bpf_map_delete_elem(fd, &key);
		}
		return;
	}
	ear_dir_remove(shared);
	ear_filter_remove("lo", false);
	rmdir(dir);
}

/* ---- interfaces ---------------------------------------------------------------------------- */

/* The pinned link's fd if it still holds this interface; a link whose interface went is empty. */
static int ear_link_get(const char *path, unsigned ifindex)
{
	struct bpf_link_info info = { 0 };
	uint32_t size = sizeof(info);
	int fd = bpf_obj_get(path);

	if (fd < 0)
		return -errno;
	if (bpf_obj_get_info_by_fd(fd, &info, &size) == 0 && info.xdp.ifindex == ifindex)
		return fd;
	close(fd);
	unlink(path);
	return -ENOENT;
}

static int ear_link_new(int prog, unsigned ifindex, const char *path)
{
	LIBBPF_OPTS(bpf_link_create_opts, options, .flags = XDP_FLAGS_DRV_MODE);
	owned(fd) int fd = bpf_link_create(prog, (int)ifindex, BPF_XDP, &options);
	bool generic = false;

	if (fd < 0 && errno != EBUSY && errno != EEXIST && errno != EPERM) {
		options.flags = XDP_FLAGS_SKB_MODE;
		generic = true;
		fd = bpf_link_create(prog, (int)ifindex, BPF_XDP, &options);
	}
	if (fd < 0)
		return errno == EEXIST ? -EBUSY : -errno;
	if (bpf_obj_pin(fd, path) < 0)
		return -errno;
	return generic;
}

int ear_attach(struct ear *ear, const char *iface, bool take_over)
{
	int prog = bpf_program__fd(ear->skel->progs.ear);
	unsigned ifindex = if_nametoindex(iface);
	owned(free) char *path = own_printf("%s/ear/link-%u", ear->dir, ifindex);
	owned(fd) int lock = -1, link = -1;

	if (!ifindex)
		return -ENODEV;
	lock = ear_lock(ear->dir);
	if (lock < 0)
		return lock;
	link = ear_link_get(path, ifindex);
	if (link < 0)
		return ear_link_new(prog, ifindex, path);
	if (!take_over)
		return 0;
	return bpf_link_update(link, prog, NULL) < 0 ? -errno : 0;
}

int ear_attach_lo(struct ear *ear)
{
	return ear_filter_set("lo", false, bpf_program__fd(ear->skel->progs.ear_lo));
}

#define EAR_HOOK(name, iface, out)                                                                 \
	LIBBPF_OPTS(bpf_tc_hook, name, .ifindex = (int)if_nametoindex(iface),                      \
		.attach_point = (out) ? BPF_TC_EGRESS : BPF_TC_INGRESS)

int ear_filter_set(const char *iface, bool out, int prog_fd)
{
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = EAR_TC_HANDLE, .priority = EAR_TC_PRIORITY,
		.prog_fd = prog_fd, .flags = BPF_TC_F_REPLACE);
	EAR_HOOK(hook, iface, out);
	libbpf_print_fn_t print;
	int rc;

	if (!hook.ifindex)
		return -ENODEV;
	/* It says "exclusivity" aloud when the qdisc is there already, which is no news. */
	print = libbpf_set_print(NULL);
	rc = bpf_tc_hook_create(&hook);
	libbpf_set_print(print);
	if (rc < 0 && rc != -EEXIST)
		return rc;
	return bpf_tc_attach(&hook, &options);
}

bool ear_filter_there(const char *iface, bool out)
{
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = EAR_TC_HANDLE, .priority = EAR_TC_PRIORITY);
	EAR_HOOK(hook, iface, out);
	libbpf_print_fn_t print = libbpf_set_print(NULL);
	bool there = hook.ifindex && bpf_tc_query(&hook, &options) == 0;

	libbpf_set_print(print);
	return there;
}

void ear_filter_remove(const char *iface, bool out)
{
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = EAR_TC_HANDLE, .priority = EAR_TC_PRIORITY);
	EAR_HOOK(hook, iface, out);
	libbpf_print_fn_t print = libbpf_set_print(NULL);

	if (hook.ifindex)
		bpf_tc_detach(&hook, &options);
	libbpf_set_print(print);
}

/* ---- programs ------------------------------------------------------------------------------ */

int ear_run(int prog_fd)
{
	uint8_t packet[64] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = packet, .data_size_in = sizeof(packet),
		.repeat = 1);

	if (bpf_prog_test_run_opts(prog_fd, &options) < 0)
		return -errno;
	return (int)options.retval;
}

/* The kernel counts outcomes; this is what came in, whatever became of it. */
static int ear_count_received(const struct bpf_map *counts, uint64_t *ret)
{
	uint64_t sum = 0, n = 0;

	for (uint32_t which = PICKET_COUNT_GRANTED; which <= PICKET_COUNT_OUTCOME_LAST; which++) {
		int rc = ear_count(counts, which, &n);

		if (rc < 0)
			return rc;
		sum += n;
	}
	*ret = sum;
	return 0;
}

int ear_count(const struct bpf_map *counts, uint32_t which, uint64_t *ret)
{
	int cpus = libbpf_num_possible_cpus();
	owned(free) uint64_t *value = NULL;
	uint64_t sum = 0;

	if (which == PICKET_COUNT_RECEIVED)
		return ear_count_received(counts, ret);
	if (cpus < 0)
		return cpus;
	value = own_alloc((size_t)cpus * sizeof(*value));
	if (bpf_map_lookup_elem(bpf_map__fd(counts), &which, value) < 0)
		return -errno;
	for (int i = 0; i < cpus; i++)
		sum += value[i];
	*ret = sum;
	return 0;
}
