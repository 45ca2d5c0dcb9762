/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <arpa/inet.h>
#include <string.h>

#include <picket/limits.h>

#include "edge/link.h"
#include "edge/transport.h"
#include "pki.h"

struct seen {
	struct link *link;
	struct link_client *client;
	const char *claims; /* what the agent says in its hello */
	const char *as;     /* "node" when NULL, or "controller" */
	char up[64], down[256], message[64];
	unsigned ups, downs, messages, client_ups, client_downs, client_messages;
	char client_down[256];
	size_t last_len;
};

static void on_up(void *ctx, const char *node, json_t *hello)
{
	struct seen *s = ctx;
	json_t *welcome = json_pack("{s:s}", "type", "welcome");

	snprintf(s->up, sizeof(s->up), "%s", node);
	s->ups++;
	cr_assert_eq(link_send(s->link, node, welcome), 0);
	json_decref(welcome);
}

static void on_message(void *ctx, const char *node, json_t *message)
{
	struct seen *s = ctx;

	snprintf(s->message, sizeof(s->message), "%s",
		json_string_value(json_object_get(message, "type")));
	s->last_len = json_string_length(json_object_get(message, "text"));
	s->messages++;
}

static void on_down(void *ctx, const char *node, const char *why)
{
	struct seen *s = ctx;

	snprintf(s->down, sizeof(s->down), "%s: %s", node, why);
	s->downs++;
}

static void client_on_up(void *ctx, unsigned controller)
{
	struct seen *s = ctx;
	json_t *hello = json_pack("{s:s,s:s}", "type", "hello", s->as ? s->as : "node", s->claims);

	s->client_ups++;
	cr_assert_eq(link_client_send(s->client, controller, hello), 0);
	json_decref(hello);
}

static void client_on_message(void *ctx, unsigned controller, json_t *message)
{
	((struct seen *)ctx)->client_messages++;
}

static void client_on_down(void *ctx, unsigned controller, const char *why)
{
	struct seen *s = ctx;

	s->client_downs++;
	snprintf(s->client_down, sizeof(s->client_down), "%s", why);
}

static const struct link_handler handler = { on_up, on_message, on_down };
static const struct link_client_handler client_handler = { client_on_up, client_on_message,
	client_on_down };

struct rig {
	struct pki pki;
	uv_loop_t loop;
	struct seen seen;
	struct identity *server, *agent;
};

static void rig_init(struct rig *rig, unsigned agent_role, const char *controller)
{
	struct link_controller c;
	owned(free) char *address = NULL;

	memset(rig, 0, sizeof(*rig));
	pki_init(&rig->pki);
	uv_loop_init(&rig->loop);
	rig->server = pki_identity(&rig->pki, "c1", IDENTITY_CONTROLLER);
	rig->agent = pki_identity(&rig->pki, "n1", agent_role);
	rig->seen.claims = "n1";
	cr_assert_eq(link_listen(&rig->loop, rig->server, "127.0.0.1:0", &handler, &rig->seen,
			     &rig->seen.link),
		0);
	address = own_printf("127.0.0.1:%u", link_port(rig->seen.link));
	c = (struct link_controller){ controller, address };
	cr_assert_eq(link_client_new(&rig->loop, rig->agent, "127.0.0.1", &c, 1, &client_handler,
			     &rig->seen, &rig->seen.client),
		0);
}

static void rig_done(struct rig *rig)
{
	link_client_free(rig->seen.client);
	link_free(rig->seen.link);
	loop_done(&rig->loop);
	identity_free(rig->server);
	identity_free(rig->agent);
	pki_done(&rig->pki);
}

Test(link, both_ways_with_one_key)
{
	uint8_t ours[16], theirs[16], other[16];
	json_t *message = json_pack("{s:s}", "type", "result");
	struct rig rig;
	struct seen *s = &rig.seen;

	rig_init(&rig, IDENTITY_NODE, "c1");
	run_until(&rig.loop, s->client_messages);
	cr_assert_str_eq(s->up, "n1");
	cr_assert_eq(link_client_send(s->client, 0, message), 0);
	run_until(&rig.loop, s->messages);
	cr_assert_str_eq(s->message, "result");
	cr_assert_eq(link_key(s->link, "n1", 7, ours), 0);
	cr_assert_eq(link_client_key(s->client, 0, 7, theirs), 0);
	cr_assert_eq(link_client_key(s->client, 0, 8, other), 0);
	cr_assert_arr_eq(ours, theirs, 16);
	cr_assert_arr_neq(ours, other, 16);
	cr_assert_eq(link_key(s->link, "n2", 7, ours), -ENOTCONN);
	cr_assert_eq(link_send(s->link, "n2", message), -ENOTCONN);
	json_decref(message);
	rig_done(&rig);
}

Test(link, comes_back_after_a_drop)
{
	json_t *last = json_pack("{s:s}", "type", "refuse");
	struct rig rig;
	struct seen *s = &rig.seen;

	rig_init(&rig, IDENTITY_NODE, NULL);
	run_until(&rig.loop, s->client_messages == 1);
	cr_assert_eq(link_send(s->link, "n1", last), 0);
	link_drop(s->link, "n1", "for a test");
	cr_assert_eq(s->downs, 1);
	cr_assert_str_eq(s->down, "n1: for a test");
	run_until(&rig.loop, s->client_messages == 3);
	cr_assert_eq(s->client_downs, 1);
	cr_assert_eq(s->ups, 2);
	json_decref(last);
	rig_done(&rig);
}

Test(link, big_messages_pass_and_too_big_ones_do_not)
{
	owned(free) char *text = own_alloc(PICKET_FRAME_MAX + 1);
	struct rig rig;
	struct seen *s = &rig.seen;
	json_t *message;

	rig_init(&rig, IDENTITY_NODE, "c1");
	run_until(&rig.loop, s->client_messages);
	memset(text, 'x', PICKET_FRAME_MAX);
	message = json_pack("{s:s,s:s}", "type", "big", "text", text);
	cr_assert_eq(link_client_send(s->client, 0, message), -EMSGSIZE);
	json_object_set_new(message, "text", json_stringn(text, PICKET_FRAME_MAX - 64));
	cr_assert_eq(link_client_send(s->client, 0, message), 0);
	run_until(&rig.loop, s->messages);
	cr_assert_eq(s->last_len, PICKET_FRAME_MAX - 64);
	json_decref(message);
	rig_done(&rig);
}

Test(link, only_a_node_of_that_name_is_let_in)
{
	struct rig rig;

	rig_init(&rig, IDENTITY_CONTROLLER, "c1");
	run_until(&rig.loop, rig.seen.client_downs);
	cr_assert_eq(rig.seen.ups, 0, "no node's certificate");
	rig_done(&rig);

	rig_init(&rig, IDENTITY_NODE, "c1");
	rig.seen.claims = "n2";
	run_until(&rig.loop, rig.seen.client_downs);
	cr_assert_eq(rig.seen.ups, 0, "not its name");
	rig_done(&rig);

	rig_init(&rig, IDENTITY_NODE, "c2");
	run_until(&rig.loop, rig.seen.client_downs);
	cr_assert_eq(rig.seen.client_ups, 0, "not the controller we meant");
	cr_assert_not_null(
		strstr(rig.seen.client_down, "says 'c1', not 'c2'"), "%s", rig.seen.client_down);
	rig_done(&rig);
}

Test(link, a_second_connection_takes_the_place_of_the_first)
{
	owned(free) char *address = NULL;
	struct seen second = { .claims = "n1" };
	struct link_controller c = { .name = "c1" };
	struct rig rig;
	struct seen *s = &rig.seen;

	rig_init(&rig, IDENTITY_NODE, "c1");
	run_until(&rig.loop, s->client_messages);
	c.address = address = own_printf("127.0.0.1:%u", link_port(s->link));
	cr_assert_eq(link_client_new(&rig.loop, rig.agent, NULL, &c, 1, &client_handler, &second,
			     &second.client),
		0);
	run_until(&rig.loop, second.client_messages);
	cr_assert_geq(s->downs, 1);
	cr_assert_str_eq(s->down, "n1: connected anew");
	link_client_free(second.client);
	rig_done(&rig);
}

Test(link, strangers_and_bad_addresses)
{
	struct pki theirs;
	struct rig rig;
	struct link_controller c[2] = { { "c1", "127.0.0.1:1" }, { "c1", "nonsense" } };
	struct seen other = { .claims = "n1" };
	struct identity *foreign;

	rig_init(&rig, IDENTITY_NODE, "c1");
	pki_init(&theirs);
	foreign = pki_identity(&theirs, "n1", IDENTITY_NODE);
	cr_assert_eq(link_client_new(&rig.loop, foreign, NULL, c, 2, &client_handler, &other,
			     &other.client),
		0);
	run_until(&rig.loop, other.client_downs >= 4);
	cr_assert_eq(other.client_ups, 0);
	link_client_free(other.client);
	other = (struct seen){ .claims = "n1" };
	c[0].address = own_printf("127.0.0.1:%u", link_port(rig.seen.link));
	cr_assert_eq(link_client_new(&rig.loop, foreign, NULL, c, 1, &client_handler, &other,
			     &other.client),
		0);
	run_until(&rig.loop, other.client_downs && rig.seen.client_messages);
	cr_assert_eq(other.client_ups, 0);
	cr_assert_not_null(strstr(other.client_down, "certificate of"), "%s", other.client_down);
	link_client_free(other.client);
	rig_done(&rig);
	identity_free(foreign);
	pki_done(&theirs);
	free((char *)c[0].address);
}

/* ---- the transport under it --------------------------------------------------------------------
 */

struct ends {
	struct transport *server, *client;
	size_t got;
	char server_why[256], client_why[256];
	bool drained;
};

static void end_open(void *ctx, struct transport *t)
{
	((struct ends *)ctx)->server = t;
}

static void end_client_open(void *ctx, struct transport *t)
{
}

static void end_read(void *ctx, struct transport *t, const uint8_t *data, size_t len)
{
	((struct ends *)ctx)->got += len;
}

static void end_server_close(void *ctx, struct transport *t, const char *why)
{
	struct ends *e = ctx;

	snprintf(e->server_why, sizeof(e->server_why), "%s", why);
	e->server = NULL;
}

static void end_client_close(void *ctx, struct transport *t, const char *why)
{
	struct ends *e = ctx;

	snprintf(e->client_why, sizeof(e->client_why), "%s", why);
	e->client = NULL;
}

static void end_drain(void *ctx, struct transport *t)
{
	((struct ends *)ctx)->drained = true;
}

Test(transport, a_slow_reader_is_dropped_and_a_paused_one_continues)
{
	static const struct transport_handler server = { end_open, end_read, NULL,
		end_server_close };
	static const struct transport_handler client = { end_client_open, end_read, end_drain,
		end_client_close };
	struct transport_config config = { .output_max = 1 << 20 };
	struct transport_listener *listener;
	owned(free) char *address = NULL;
	owned(free) char *data = own_alloc(65536);
	struct ends e = { 0 };
	struct pki pki;
	uv_loop_t loop;
	size_t sent = 0;
	int r = 0;

	pki_init(&pki);
	uv_loop_init(&loop);
	config.identity = pki_identity(&pki, "c1", IDENTITY_CONTROLLER);
	cr_assert_eq(transport_listen(&loop, "127.0.0.1:0", &config, &server, &e, &listener), 0);
	address = own_printf("127.0.0.1:%u", transport_listener_port(listener));
	cr_assert_eq(transport_connect(&loop, address, &config, &client, &e, &e.client), 0);
	run_until(&loop, e.server && transport_peer(e.client)[0]);
	transport_pause(e.server, true);
	while (sent < 512 << 10 && !transport_write(e.client, data, 65536))
		sent += 65536;
	cr_assert_eq(sent, 512 << 10);
	uv_run(&loop, UV_RUN_NOWAIT);
	cr_assert_eq(e.got, 0);
	transport_pause(e.server, false);
	run_until(&loop, e.got == sent && e.drained);
	transport_pause(e.server, true);
	for (unsigned i = 0; !r && i < 1000; i++) {
		r = transport_write(e.client, data, 65536);
		uv_run(&loop, UV_RUN_NOWAIT);
	}
	cr_assert_eq(r, -ENOBUFS);
	run_until(&loop, !e.client);
	cr_assert_str_eq(e.client_why, "the other end does not read");
	transport_listener_free(listener);
	loop_done(&loop);
	identity_free(config.identity);
	pki_done(&pki);
}

Test(transport, who_says_nothing_is_let_go)
{
	static const struct transport_handler server = { end_open, end_read, NULL,
		end_server_close };
	struct transport_config config = { .handshake_ms = 50 };
	struct transport_listener *listener;
	struct sockaddr_in to = { .sin_family = AF_INET };
	struct ends e = { 0 };
	struct pki pki;
	uv_loop_t loop;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	pki_init(&pki);
	uv_loop_init(&loop);
	config.identity = pki_identity(&pki, "c1", IDENTITY_CONTROLLER);
	cr_assert_eq(transport_listen(&loop, "127.0.0.1:0", &config, &server, &e, &listener), 0);
	to.sin_port = htons((uint16_t)transport_listener_port(listener));
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	cr_assert_eq(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	run_until(&loop, *e.server_why);
	cr_assert_str_eq(e.server_why, "no TLS handshake in time");
	close(fd);
	transport_listener_free(listener);
	loop_done(&loop);
	identity_free(config.identity);
	pki_done(&pki);
}

Test(link, a_controller_greets_as_one)
{
	struct rig rig;

	rig_init(&rig, IDENTITY_CONTROLLER, "c1");
	rig.seen.as = "controller";
	run_until(&rig.loop, rig.seen.ups);
	cr_assert_str_eq(rig.seen.up, LINK_CONTROLLER "n1");
	rig_done(&rig);
}

/* A compromised agent can lie about itself, and about nothing else. */
Test(link, a_node_is_no_controller)
{
	struct rig rig;

	rig_init(&rig, IDENTITY_NODE, "c1");
	rig.seen.as = "controller";
	run_until(&rig.loop, rig.seen.client_downs);
	cr_assert_eq(rig.seen.ups, 0);
	rig_done(&rig);
}
