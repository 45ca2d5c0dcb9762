/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

#include "edge/cgroup.h"

#define CGROUP_PEOPLE 8 /* named in a sentence */
#define CGROUP_DEPTH 16 /* folders below a name: daemons may make their own */

struct cgroup {
	char *path;
};

/* One line of a small file of the kernel's; NULL: not there. */
static char *line_of(const char *path, const char *begin)
{
	FILE *f = fopen(path, "re");
	char *line = NULL, *found = NULL;
	size_t cap = 0;

	while (f && !found && getline(&line, &cap, f) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if (!strncmp(line, begin, strlen(begin)))
			found = own_string(line + strlen(begin));
	}
	free(line);
	if (f)
		fclose(f);
	return found;
}

/* proc(5): "id parent major:minor root mount-point options [fields] - type source super-options".
 */
static bool mount_parse(char *line, char *root, char *point)
{
	char *dash = strstr(line, " - ");

	return dash && !strncmp(dash + 3, "cgroup2 ", 8) &&
	       sscanf(line, "%*d %*d %*s %4095s %4095s", root, point) == 2;
}

/* Where the cgroup v2 tree is mounted, and which part of it is; the last mount lies on top. */
static bool mount_find(char *ret_root, char *ret_point)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char root[4096], point[4096], *line = NULL;
	bool found = false;
	size_t cap = 0;

	while (f && getline(&line, &cap, f) > 0) {
		if (mount_parse(line, root, point)) {
			strcpy(ret_root, root);
			strcpy(ret_point, point);
			found = true;
		}
	}
	free(line);
	if (f)
		fclose(f);
	return found;
}

static char *own_path(const char *leaf)
{
	char root[4096], point[4096];
	owned(free) char *own = line_of("/proc/self/cgroup", "0::");
	const char *below = own;

	if (!own || !mount_find(root, point))
		return NULL;
	if (strcmp(root, "/") && !strncmp(own, root, strlen(root)))
		below = own + strlen(root);
	return own_printf("%s%s%s%s", point, below,
		below[0] && below[strlen(below) - 1] == '/' ? "" : "/", leaf);
}

static int folder_make(const char *path)
{
	return mkdir(path, 0755) && errno != EEXIST ? -errno : 0;
}

int cgroup_open(const char *path, const char *leaf, struct cgroup **ret, char **why)
{
	owned(free) char *at = path ? own_string(path) : own_path(leaf);
	owned(free) char *procs = NULL;
	int r;

	if (!at) {
		*why = own_string("no cgroup v2 is mounted");
		return -EOPNOTSUPP;
	}
	r = folder_make(at);
	procs = own_printf("%s/cgroup.procs", at);
	if (!r && access(procs, W_OK))
		r = errno == ENOENT ? -EOPNOTSUPP : -errno;
	if (r) {
		*why = own_printf(
			"%s: %s", at, r == -EOPNOTSUPP ? "not a cgroup v2" : strerror(-r));
		return r;
	}
	*ret = own_new(struct cgroup);
	(*ret)->path = give(at);
	return 0;
}

void cgroup_free(struct cgroup *cgroup)
{
	if (cgroup)
		free(cgroup->path);
	free(cgroup);
}

const char *cgroup_path(const struct cgroup *cgroup)
{
	return cgroup->path;
}

/* The suffix keeps a resource from being called like a file of the kernel's. */
static char *folder_of(const struct cgroup *cgroup, const char *name)
{
	return own_printf("%s/%s.resource", cgroup->path, name);
}

int cgroup_make(struct cgroup *cgroup, const char *name, const char *call, char **ret_path)
{
	owned(free) char *folder = folder_of(cgroup, name);
	owned(free) char *path = own_printf("%s/%s", folder, call);
	int r = folder_make(folder);

	if (!r)
		r = folder_make(path);
	if (!r)
		*ret_path = give(path);
	return r;
}

/* Calls on_folder for the folder and all below it, the deepest first. */
static void walk(
	const char *path, unsigned depth, void (*on_folder)(const char *path, void *ctx), void *ctx)
{
	DIR *dir = depth ? opendir(path) : NULL;
	struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		owned(free) char *below = NULL;

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		below = own_printf("%s/%s", path, entry->d_name);
		walk(below, depth - 1, on_folder, ctx);
	}
	closedir(dir);
	on_folder(path, ctx);
}

static void remove_folder(const char *path, void *ctx)
{
	rmdir(path); /* refused while somebody is in it */
}

void cgroup_sweep(struct cgroup *cgroup, const char *name)
{
	owned(free) char *folder = folder_of(cgroup, name);

	walk(folder, CGROUP_DEPTH, remove_folder, NULL);
}

bool cgroup_populated(struct cgroup *cgroup, const char *name)
{
	owned(free) char *folder = folder_of(cgroup, name);
	owned(free) char *path = own_printf("%s/cgroup.events", folder);
	owned(free) char *populated = line_of(path, "populated ");

	return populated && populated[0] == '1';
}

static void for_pids(const char *folder, void (*on_pid)(pid_t pid, void *ctx), void *ctx)
{
	owned(free) char *path = own_printf("%s/cgroup.procs", folder);
	FILE *f = fopen(path, "re");
	int pid;

	while (f && fscanf(f, "%d", &pid) == 1)
		if (pid > 0) /* 0: of another PID namespace */
			on_pid(pid, ctx);
	if (f)
		fclose(f);
}

static void signal_pid(pid_t pid, void *ctx)
{
	kill(pid, *(int *)ctx);
}

static void signal_folder(const char *path, void *ctx)
{
	for_pids(path, signal_pid, ctx);
}

void cgroup_term(struct cgroup *cgroup, const char *name)
{
	owned(free) char *folder = folder_of(cgroup, name);
	int signal = SIGTERM;

	walk(folder, CGROUP_DEPTH, signal_folder, &signal);
}

int cgroup_kill(struct cgroup *cgroup, const char *name)
{
	owned(free) char *folder = folder_of(cgroup, name);
	owned(free) char *path = own_printf("%s/cgroup.kill", folder);
	owned(fd) int fd = open(path, O_WRONLY | O_CLOEXEC);
	int signal = SIGKILL;

	if (fd >= 0)
		return write(fd, "1", 1) == 1 ? 0 : -errno;
	/* Before Linux 5.14, the old way. */
	walk(folder, CGROUP_DEPTH, signal_folder, &signal);
	return 0;
}

struct people {
	char *text;
	unsigned n;
};

static void people_add(pid_t pid, void *ctx)
{
	struct people *people = ctx;
	owned(free) char *path = own_printf("/proc/%d/stat", pid);
	owned(free) char *stat = line_of(path, ""), *before = people->text;
	char *name = stat ? strchr(stat, '(') : NULL, *end = stat ? strrchr(stat, ')') : NULL;
	char state = end && end[1] == ' ' ? end[2] : '?';
	const char *say = state == 'D'   ? ", D: asleep in the kernel"
			  : state == 'Z' ? ", Z: dead, not waited for"
			  : state == 'T' ? ", T: stopped"
					 : "";

	if (!name || !end || end < name) {
		before = NULL; /* gone meanwhile */
		return;
	}
	if (++people->n > CGROUP_PEOPLE) {
		before = NULL;
		return;
	}
	*end = '\0';
	people->text = own_printf(
		"%s%s%d (%s%s)", before ? before : "", before ? ", " : "", pid, name + 1, say);
}

static void people_folder(const char *path, void *ctx)
{
	for_pids(path, people_add, ctx);
}

char *cgroup_people(struct cgroup *cgroup, const char *name)
{
	owned(free) char *folder = folder_of(cgroup, name);
	struct people people = { 0 };

	walk(folder, CGROUP_DEPTH, people_folder, &people);
	if (people.n > CGROUP_PEOPLE) {
		owned(free) char *text = people.text;

		return own_printf("%s and %u more", text, people.n - CGROUP_PEOPLE);
	}
	return people.text;
}
