/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the ear costs and how fast it is. As root:
 *   heartbeat cost                         ns per probe, by BPF_PROG_TEST_RUN, 10,000 known nodes
 *   heartbeat detect INTERVAL_MS MISSES    last beat to event in userspace, over a veth pair
 *   heartbeat flood                        answers per second to one sender, over a veth pair
 *   heartbeat agent                        CPU and memory of a process with nothing but a lease
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include <picket/count.h>

#include "base/own.h"
#include "base/siphash.h"
#include "bench_feed.skel.h"
#include "controller.skel.h"
#include "ear.skel.h"
#include "edge/heartbeat.h"
#include "edge/lease.h"
#include "../bpf/packet.h"

#define CLUSTER 99
#define NODES 10000
#define COST_ROUNDS 5
#define FEED_VALUE 112 /* bench_feed.bpf.c: struct feed_frame */
#define TRIALS_MAX 100000
#define MS 1000000ULL
#define PREFIX "/sys/fs/bpf/bench"

static void must(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

__attribute__((format(printf, 1, 2))) static void sh(const char *format, ...)
{
	char line[512];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	must(system(line) == 0, line);
}

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static uint64_t percentile(uint64_t *v, size_t n, double p)
{
	qsort(v, n, sizeof(*v), ascending);
	return n ? v[(size_t)((double)(n - 1) * p)] : 0;
}

static struct picket_wire probe(struct siphash *mac, uint32_t node, uint64_t seq, uint32_t us)
{
	struct picket_wire w = { .magic = PICKET_WIRE_MAGIC, .version = 1,
		.type = PICKET_WIRE_PROBE, .cluster = CLUSTER, .node = node, .key_epoch = 1,
		.incarnation = 1, .seq = seq, .t_send_ns = packet_now(), .interval_us = us };
	uint64_t sum = 0;

	must(siphash_sum(mac, &w, PICKET_WIRE_MACED, &sum) == 0, "siphash");
	w.mac = sum;
	return w;
}

/* ---- cost ---------------------------------------------------------------------------------- */

static uint64_t run_ns(int prog, const struct packet *p, int repeat)
{
	uint8_t out[512];
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = p->data, .data_size_in = p->size,
		.data_out = out, .data_size_out = sizeof(out), .repeat = repeat);

	must(bpf_prog_test_run_opts(prog, &options) == 0, "test run");
	return options.duration;
}

static void cost_configure(struct controller_bpf *skel)
{
	struct picket_controller_settings settings = { .cluster = CLUSTER,
		.grant_until_ns = UINT64_MAX, .promise_min_ns = 30 * MS, .nodes_end = NODES + 1 };
	struct picket_peer_config config = { .admitted = 1, .interval_us = 10000, .misses = 3,
		.links_mask = 1, .known = 1 };
	uint32_t zero = 0;

	memcpy(&config.key[1].k0, PACKET_KEY, 16);
	config.key[1].epoch = config.key[1].set = 1;
	bpf_map_update_elem(bpf_map__fd(skel->maps.settings), &zero, &settings, BPF_ANY);
	for (uint32_t node = 1; node <= NODES; node++)
		bpf_map_update_elem(bpf_map__fd(skel->maps.configs), &node, &config, BPF_ANY);
}

/* Rounds of all nodes in an order that no cache foresees, each round a newer sequence number. */
static void feed_fill(struct bench_feed_bpf *feed, struct siphash *mac, uint64_t seq)
{
	uint32_t end = bpf_map__max_entries(feed->maps.frames);
	uint8_t value[FEED_VALUE] = { 0 };

	for (uint32_t i = 0; i < end; i++) {
		uint32_t node = i * 7919U % NODES + 1;
		struct picket_wire w = probe(mac, node, seq + i / NODES, 10000);
		struct packet p = packet_plain(&w);

		must(p.size <= sizeof(value), "frame");
		memcpy(value, p.data, p.size);
		must(bpf_map_update_elem(bpf_map__fd(feed->maps.frames), &i, value, BPF_ANY) == 0,
			"feed");
	}
	feed->bss->next = 0;
}

static uint64_t granted_so_far(const struct controller_bpf *skel)
{
	int cpus = libbpf_num_possible_cpus();
	uint64_t *v = own_array(NULL, (size_t)cpus, sizeof(*v)), sum = 0;
	uint32_t granted = PICKET_COUNT_GRANTED;

	must(bpf_map_lookup_elem(bpf_map__fd(skel->maps.counts), &granted, v) == 0, "count");
	for (int i = 0; i < cpus; i++)
		sum += v[i];
	free(v);
	return sum;
}

/* Every run hears a probe that it has not heard, of the next of all nodes, and grants. */
static void cost_of_grant(struct controller_bpf *skel, int ear, struct siphash *mac)
{
	struct bench_feed_bpf *feed = bench_feed_bpf__open_and_load();
	struct picket_wire w = probe(mac, 1, 1, 10000);
	uint64_t cost[COST_ROUNDS], all[COST_ROUNDS], seq = 1, before;
	struct packet p = packet_plain(&w);
	uint32_t zero = 0, n;

	must(feed != NULL, "load");
	n = bpf_map__max_entries(feed->maps.frames);
	must(bpf_map_update_elem(bpf_map__fd(feed->maps.to), &zero, &ear, BPF_ANY) == 0, "feed");
	for (int i = -1; i < COST_ROUNDS; i++, seq += n / NODES) { /* the first warms up */
		uint64_t with, without;

		feed_fill(feed, mac, seq);
		without = run_ns(bpf_program__fd(feed->progs.feed_only), &p, (int)n);
		feed->bss->next = 0;
		before = granted_so_far(skel);
		with = run_ns(bpf_program__fd(feed->progs.feed), &p, (int)n);
		must(granted_so_far(skel) == before + n, "not every probe was granted");
		if (i >= 0) {
			all[i] = with;
			cost[i] = with - without;
		}
	}
	printf("probe granted, %d nodes, repeated run  %5lu ns (median of %d times %u; max %lu; "
	       "%lu with feeding)\n", NODES, percentile(cost, COST_ROUNDS, 0.5), COST_ROUNDS, n,
		percentile(cost, COST_ROUNDS, 1), percentile(all, COST_ROUNDS, 0.5));
	bench_feed_bpf__destroy(feed);
}

static void bench_cost(void)
{
	struct controller_bpf *skel = controller_bpf__open_and_load();
	struct ear_bpf *ear = ear_bpf__open_and_load();
	uint32_t room = PICKET_ROOM_CONTROLLER;
	struct siphash *mac = NULL;
	struct picket_wire w;
	struct packet p;
	int fd, prog;

	must(skel && ear && siphash_new(PACKET_KEY, &mac) == 0, "load");
	prog = bpf_program__fd(skel->progs.controller);
	bpf_map_update_elem(bpf_map__fd(ear->maps.rooms), &room, &prog, BPF_ANY);
	fd = bpf_program__fd(ear->progs.ear);
	cost_configure(skel);
	cost_of_grant(skel, fd, mac);
	w = probe(mac, 7, 1, 10000);
	p = packet_plain(&w);
	printf("probe replayed, refused, repeated run      %5lu ns\n", run_ns(fd, &p, 200000));
	w.mac++;
	p = packet_plain(&w);
	printf("probe forged, refused, repeated run        %5lu ns\n", run_ns(fd, &p, 200000));
	p = packet_shaped(&w, &(struct packet_shape){ .port = 53 });
	printf("packet not ours, passed, repeated run      %5lu ns\n", run_ns(fd, &p, 1000000));
	siphash_free(mac);
	ear_bpf__destroy(ear);
	controller_bpf__destroy(skel);
}

/* ---- a veth pair: controller here, node in a child ----------------------------------------- */

static pid_t split(void (*child)(int argument), int argument)
{
	int ready[2], go[2];
	char byte = 0;
	pid_t pid;

	must(unshare(CLONE_NEWNS | CLONE_NEWNET) == 0, "unshare");
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0, "private mounts");
	must(mount("bpf", "/sys/fs/bpf", "bpf", 0, NULL) == 0, "bpffs");
	must(pipe(ready) == 0 && pipe(go) == 0, "pipe");
	fflush(stdout);
	pid = fork();
	must(pid >= 0, "fork");
	if (pid == 0) {
		must(unshare(CLONE_NEWNET) == 0 && write(ready[1], "", 1) == 1, "child");
		must(read(go[0], &byte, 1) == 1, "child");
		sh("ip link set lo up && ip addr add 10.9.0.2/24 dev hb0 && ip link set hb0 up");
		child(argument);
		fflush(stdout);
		_exit(0);
	}
	must(read(ready[0], &byte, 1) == 1, "child");
	sh("ip link set lo up && ip link add hb0 type veth peer name hb0 netns %d && "
	   "ip addr add 10.9.0.1/24 dev hb0 && ip link set hb0 up", pid);
	must(write(go[1], "", 1) == 1, "child");
	return pid;
}

static int udp(void)
{
	struct sockaddr_in local = { .sin_family = AF_INET,
		.sin_port = htons(PICKET_PORT_HEARTBEAT) }, remote = local;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	inet_pton(AF_INET, "10.9.0.1", &remote.sin_addr);
	must(bind(fd, (struct sockaddr *)&local, sizeof(local)) == 0, "bind");
	must(connect(fd, (struct sockaddr *)&remote, sizeof(remote)) == 0, "connect");
	return fd;
}

static struct heartbeat *controller(uv_loop_t *loop, uint32_t nodes, uint32_t us, unsigned misses,
	void (*on_event)(void *, const struct picket_event *), void *ctx)
{
	const char *ifaces[] = { "hb0" };
	struct heartbeat_config config = { .pin_prefix = PREFIX, .cluster = CLUSTER,
		.ifaces = ifaces, .n_ifaces = 1, .lease_ns = 5000 * MS };
	struct heartbeat_node node = { .key_epoch = 1, .incarnation = 1, .admitted = true,
		.interval_us = us, .misses = misses, .links_mask = 1 };
	struct heartbeat *hb = NULL;

	memcpy(node.key, PACKET_KEY, 16);
	errno = -heartbeat_new(loop, &config, on_event, ctx, &hb);
	must(hb != NULL, "heartbeat");
	for (uint32_t i = 1; i <= nodes; i++)
		must(heartbeat_node_set(hb, i, &node) == 0, "node");
	return hb;
}

static void controller_end(uv_loop_t *loop, struct heartbeat *hb, pid_t child)
{
	const struct heartbeat_config config = { .pin_prefix = PREFIX };

	waitpid(child, NULL, 0);
	heartbeat_free(hb);
	uv_run(loop, UV_RUN_DEFAULT);
	uv_loop_close(loop);
	heartbeat_uninstall(&config);
}

/* ---- detection ----------------------------------------------------------------------------- */

#define DETECT_NODES 40
#define DETECT_BEATS 5
#define DETECT_TRIALS 400

struct detect {
	uint64_t promise_ns;
	size_t n;
	uint64_t last_to_event[TRIALS_MAX], late[TRIALS_MAX], kernel_late[TRIALS_MAX];
};

static unsigned detect_misses;

static void detect_on_event(void *ctx, const struct picket_event *e)
{
	uint64_t now = packet_now();
	struct detect *d = ctx;

	if (e->kind != PICKET_EVENT_SILENT || d->n == TRIALS_MAX)
		return;
	d->last_to_event[d->n] = now - e->t_last_ns;
	d->late[d->n] = now - e->t_last_ns - d->promise_ns;
	d->kernel_late[d->n++] = e->t_event_ns - e->t_last_ns - d->promise_ns;
}

/* Each node beats a few times, then is silent for twice its promise, and again; phases differ. */
static void detect_child(int interval_ms)
{
	uint64_t interval = (uint64_t)interval_ms * MS, start = packet_now();
	uint64_t cycle = interval * DETECT_BEATS + 2 * detect_misses * interval;
	uint64_t rounds = (DETECT_TRIALS + DETECT_NODES - 1) / DETECT_NODES;
	uint64_t beat[DETECT_NODES] = { 0 }, step = MS / 2;
	struct siphash *mac = NULL;
	int fd = udp();

	must(siphash_new(PACKET_KEY, &mac) == 0, "siphash");
	for (uint64_t at = start; at < start + rounds * cycle; at += step) {
		struct timespec ts = { .tv_sec = (time_t)(at / 1000000000),
			.tv_nsec = (long)(at % 1000000000) };

		clock_nanosleep(CLOCK_BOOTTIME, TIMER_ABSTIME, &ts, NULL);
		for (uint32_t i = 0; i < DETECT_NODES; i++) {
			uint64_t phase = (at - start + i * cycle / DETECT_NODES) % cycle;
			uint64_t slot = phase / interval, round = (at - start +
				i * cycle / DETECT_NODES) / cycle;
			uint64_t number = round * DETECT_BEATS + slot + 1;
			struct picket_wire w;

			if (slot >= DETECT_BEATS || beat[i] >= number)
				continue;
			beat[i] = number;
			w = probe(mac, i + 1, number, (uint32_t)(interval / 1000));
			send(fd, &w, sizeof(w), 0);
		}
	}
	siphash_free(mac);
}

static void on_end(uv_timer_t *timer)
{
	uv_stop(timer->loop);
}

static void bench_detect(int interval_ms, unsigned misses)
{
	struct detect *d = own_new(struct detect);
	uint64_t cycle_ms = (uint64_t)interval_ms * (DETECT_BEATS + 2 * misses);
	struct heartbeat *hb;
	uv_timer_t timer;
	uv_loop_t loop;
	pid_t child;

	detect_misses = misses;
	d->promise_ns = (uint64_t)interval_ms * MS * misses;
	uv_loop_init(&loop);
	child = split(detect_child, interval_ms);
	hb = controller(&loop, DETECT_NODES, (uint32_t)interval_ms * 1000, misses, detect_on_event,
		d);
	uv_timer_init(&loop, &timer);
	uv_timer_start(&timer, on_end,
		cycle_ms * (DETECT_TRIALS / DETECT_NODES + 2) + 500, 0);
	uv_run(&loop, UV_RUN_DEFAULT);
	uv_close((uv_handle_t *)&timer, NULL);
	printf("detection %2d ms x %u, %zu trials: last beat -> event p50 %.2f p99 %.2f max %.2f "
	       "ms\n",
		interval_ms, misses, d->n, (double)percentile(d->last_to_event, d->n, 0.5) / 1e6,
		(double)percentile(d->last_to_event, d->n, 0.99) / 1e6,
		(double)percentile(d->last_to_event, d->n, 1) / 1e6);
	printf("  after the promise: kernel p50 %.0f p99 %.0f us; userspace p50 %.0f p99 %.0f max "
	       "%.0f us\n", (double)percentile(d->kernel_late, d->n, 0.5) / 1e3,
		(double)percentile(d->kernel_late, d->n, 0.99) / 1e3,
		(double)percentile(d->late, d->n, 0.5) / 1e3,
		(double)percentile(d->late, d->n, 0.99) / 1e3,
		(double)percentile(d->late, d->n, 1) / 1e3);
	controller_end(&loop, hb, child);
	free(d);
}

/* ---- flood --------------------------------------------------------------------------------- */

#define FLOOD 200000
#define FLOOD_BATCH 64

static void ignore(void *ctx, const struct picket_event *event)
{
}

static void flood_child(int unused)
{
	struct picket_wire *w = own_array(NULL, FLOOD, sizeof(*w));
	struct mmsghdr batch[FLOOD_BATCH];
	struct iovec iov[FLOOD_BATCH];
	struct siphash *mac = NULL;
	int fd = udp();

	must(siphash_new(PACKET_KEY, &mac) == 0, "siphash");
	for (uint32_t i = 0; i < FLOOD; i++)
		w[i] = probe(mac, i % NODES + 1, i / NODES + 1, 1000000);
	for (uint32_t i = 0; i < FLOOD; i += FLOOD_BATCH) {
		for (uint32_t k = 0; k < FLOOD_BATCH; k++) {
			iov[k] = (struct iovec){ &w[i + k], sizeof(*w) };
			batch[k] = (struct mmsghdr){ .msg_hdr = { .msg_iov = &iov[k],
							     .msg_iovlen = 1 } };
		}
		sendmmsg(fd, batch, FLOOD_BATCH, 0);
	}
	siphash_free(mac);
	free(w);
}

/* Mean run time of the dispatcher with what it calls, from the kernel's own statistics. */
static double flood_mean_ns(void)
{
	struct bpf_prog_info info;
	uint32_t id = 0, size;
	double mean = 0;

	while (bpf_prog_get_next_id(id, &id) == 0) {
		int fd = bpf_prog_get_fd_by_id(id);

		memset(&info, 0, sizeof(info));
		size = sizeof(info);
		if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &size) == 0 &&
			strcmp(info.name, "ear") == 0 && info.run_cnt > FLOOD / 4)
			mean = (double)info.run_time_ns / (double)info.run_cnt;
		if (fd >= 0)
			close(fd);
	}
	return mean;
}

static void bench_flood(void)
{
	int stats = bpf_enable_stats(BPF_STATS_RUN_TIME);
	uint64_t n = 0, last = 0, first = 0, now, end = packet_now() + 30000 * MS, received = 0;
	struct heartbeat *hb;
	uv_loop_t loop;
	pid_t child;

	uv_loop_init(&loop);
	child = split(flood_child, 0);
	hb = controller(&loop, NODES, 1000000, 4, ignore, NULL);
	for (now = packet_now(); now < end; now = packet_now()) {
		heartbeat_grant_until(hb, now + 4000 * MS);
		heartbeat_count(hb, PICKET_COUNT_RECEIVED, &received);
		if (received && !first)
			first = now;
		if (received != n)
			last = now;
		else if (first && now > last + 500 * MS)
			break;
		n = received;
		usleep(1000);
	}
	heartbeat_count(hb, PICKET_COUNT_GRANTED, &n);
	printf("flood by one sender over veth: %lu of %d granted in %.0f ms = %.0f per second\n", n,
		FLOOD, (double)(last - first) / 1e6, (double)n * 1e9 / (double)(last - first));
	printf("  mean of a probe with its answer, measuring included: %.0f ns = %.1f million per "
	       "second and core\n", flood_mean_ns(), 1e3 / flood_mean_ns());
	close(stats);
	controller_end(&loop, hb, child);
}

/* ---- agent --------------------------------------------------------------------------------- */

#define AGENT_S 20

static void on_alive(uv_timer_t *timer)
{
	lease_alive(timer->data);
}

static double cpu_s(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
		(double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void agent_report(double cpu, const struct lease *lease)
{
	FILE *f = fopen("/proc/self/status", "r");
	struct lease_stats stats;
	char line[128];

	lease_stats_get(lease, &stats);
	printf("agent with a lease only, 100 ms beats, %d s: CPU %.3f %%, %lu probes, latest beat "
	       "%.2f ms, lease %s\n", AGENT_S, 100 * cpu / AGENT_S, stats.probes,
		(double)stats.late_max_ns / 1e6,
		lease_deadline(lease) > packet_now() ? "held" : "not held");
	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, "VmRSS", 5) == 0 || strncmp(line, "RssAnon", 7) == 0)
			printf("  %s", line);
	if (f)
		fclose(f);
}

static void agent_child(int unused)
{
	const char *ifaces[] = { "hb0" };
	struct lease_controller to = { .address = { "10.9.0.1" } };
	struct lease_config config = { .pin_prefix = PREFIX "-node", .cluster = CLUSTER, .node = 1,
		.controllers = &to, .n_controllers = 1, .ifaces = ifaces, .n_ifaces = 1,
		.interval_us = 100000, .lease_ns = 2000 * MS };
	struct lease *lease = NULL;
	uv_timer_t alive, end;
	uv_loop_t loop;
	double cpu;

	uv_loop_init(&loop);
	errno = -lease_new(&loop, &config, ignore, NULL, &lease);
	must(lease != NULL, "lease");
	lease_key_set(lease, 0, PACKET_KEY, 1);
	lease_incarnation_set(lease, 1);
	uv_timer_init(&loop, &alive);
	alive.data = lease;
	uv_timer_start(&alive, on_alive, 0, 100);
	uv_timer_init(&loop, &end);
	uv_timer_start(&end, on_end, AGENT_S * 1000, 0);
	cpu = cpu_s();
	uv_run(&loop, UV_RUN_DEFAULT);
	agent_report(cpu_s() - cpu, lease);
	lease_free(lease);
	uv_close((uv_handle_t *)&alive, NULL);
	uv_close((uv_handle_t *)&end, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	lease_uninstall(&config);
}

static void on_push(uv_timer_t *timer)
{
	heartbeat_grant_until(timer->data, packet_now() + 2000 * MS);
}

static void bench_agent(void)
{
	struct heartbeat *hb;
	uv_timer_t push, end;
	uv_loop_t loop;
	pid_t child;

	uv_loop_init(&loop);
	child = split(agent_child, 0);
	hb = controller(&loop, 1, 100000, 10, ignore, NULL);
	uv_timer_init(&loop, &push);
	push.data = hb;
	uv_timer_start(&push, on_push, 0, 500);
	uv_timer_init(&loop, &end);
	uv_timer_start(&end, on_end, (AGENT_S + 1) * 1000, 0);
	uv_run(&loop, UV_RUN_DEFAULT);
	uv_close((uv_handle_t *)&push, NULL);
	uv_close((uv_handle_t *)&end, NULL);
	controller_end(&loop, hb, child);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (strcmp(what, "cost") == 0)
		bench_cost();
	else if (strcmp(what, "detect") == 0 && argc == 4)
		bench_detect(atoi(argv[2]), (unsigned)atoi(argv[3]));
	else if (strcmp(what, "flood") == 0)
		bench_flood();
	else if (strcmp(what, "agent") == 0)
		bench_agent();
	else
		what = NULL;
	if (!what)
		fprintf(stderr, "usage: heartbeat cost | detect MS MISSES | flood | agent\n");
	return what ? 0 : 2;
}
