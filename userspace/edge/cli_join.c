/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <picket/limits.h>

#include "base/file.h"
#include "base/own.h"
#include "edge/cli.h"
#include "edge/enroll.h"

#define DEFAULT_PKI "/etc/picket/pki"
#define DEFAULT_AGENT "/etc/picket/agent.yaml"
#define DEFAULT_PICKETD "/etc/picket/picketd.yaml"

const struct command_option cli_join_options[] = {
	{ "interfaces", "NAMES", "heartbeat interfaces, with commas: writes agent.yaml too", 0 },
	{ "pki", "DIR", "where the files go (" DEFAULT_PKI ")", 0 },
	{ "agent", "FILE", "where agent.yaml goes (" DEFAULT_AGENT ")", 0 },
	{ "picketd", "FILE", "where a controller's picketd.yaml goes (" DEFAULT_PICKETD ")", 0 },
	{ 0 },
};

/* What a token says after its secret: which CA is the right one. */
int cli_pin(const char *pki, char *ret)
{
	owned(free) char *path = own_printf("%s/ca.crt", pki ? pki : DEFAULT_PKI), *text = NULL;
	size_t len;

	if (file_read(path, 1 << 20, &text, &len) || enroll_pin(text, ret))
		return cli_fail(CLI_FAILURE,
			"%s: cannot be read: make the token on a controller, as root", path);
	return CLI_OK;
}

static char *agent_text(json_t *answer, const char *interfaces, const char *pki)
{
	char *text = NULL;
	json_t *c, *address;
	size_t size, i, k;
	FILE *f = open_memstream(&text, &size);

	fprintf(f, "# Written by 'picket join'; picket-agent(8) tells of every key.\nnode: %s\n"
		   "pki: %s\ninterfaces: [%s]\ncontrollers:\n",
		json_string_value(json_object_get(answer, "name")), pki, interfaces);
	json_array_foreach (json_object_get(answer, "controllers"), i, c) {
		fprintf(f, "  - {name: %s, link: \"%s\", addresses: [",
			json_string_value(json_object_get(c, "name")),
			json_string_value(json_object_get(c, "link")));
		json_array_foreach (json_object_get(c, "addresses"), k, address)
			fprintf(f, "%s%s", k ? ", " : "", json_string_value(address));
		fputs("]}\n", f);
	}
	fclose(f);
	return text;
}

/* The place that 'picket controller add' made for this host; NULL: none. */
static json_t *place_of(json_t *answer)
{
	const char *name = json_string_value(json_object_get(answer, "name"));
	json_t *c;
	size_t i;

	json_array_foreach (json_object_get(answer, "controllers"), i, c)
		if (name && json_is_string(json_object_get(c, "name")) &&
			!strcmp(name, json_string_value(json_object_get(c, "name"))))
			return c;
	return NULL;
}

static char *picketd_text(json_t *answer, json_t *place, const char *interfaces, const char *pki)
{
	const char *name = json_string_value(json_object_get(answer, "name"));

	return own_printf("# Written by 'picket join'; picketd(8) tells of every key.\n"
			  "name: %s\nindex: %lld\nid: %lld\njoin: true\npki: %s\n"
			  "interfaces: [%s]\nlink: \"%s\"\nraft: \"%s\"\napi: \"0.0.0.0:%d\"\n",
		name, (long long)json_integer_value(json_object_get(place, "index")),
		(long long)json_integer_value(json_object_get(place, "id")), pki, interfaces,
		json_string_value(json_object_get(place, "link")),
		json_string_value(json_object_get(place, "raft")), PICKET_PORT_API);
}

static int file_new(const char *path, const char *text)
{
	int r;

	if (!access(path, F_OK))
		return cli_fail(CLI_CONFLICT, "%s: exists, and is left as it is", path);
	r = file_write(path, 0644, text, strlen(text));
	return r ? cli_fail(CLI_FAILURE, "%s: %s", path, strerror(-r)) : CLI_OK;
}

static int picketd_write(json_t *answer, const char *interfaces, const char *pki, const char *path)
{
	json_t *place = place_of(answer);
	owned(free) char *text =
		place ? picketd_text(answer, place, interfaces, pki) : NULL;

	return text ? file_new(path, text) : CLI_OK;
}

static int agent_write(json_t *answer, const char *interfaces, const char *pki, const char *path)
{
	owned(free) char *text = agent_text(answer, interfaces, pki);

	return file_new(path, text);
}

int cli_join(const struct command *command, void *ctx)
{
	const char *pki = command_option(command, "pki"), *agent = command_option(command, "agent");
	const char *interfaces = command_option(command, "interfaces");
	const char *picketd = command_option(command, "picketd");
	owned(free) char *why = NULL, *address = NULL;
	struct cli *cli = ctx;
	json_t *answer = NULL;
	int r;

	address = strchr(command->words[0], ':')
			  ? own_string(command->words[0])
			  : own_printf("%s:%d", command->words[0], PICKET_PORT_API);
	pki = pki ? pki : DEFAULT_PKI;
	agent = agent ? agent : DEFAULT_AGENT;
	r = enroll(address, command->words[1], pki, &answer, &why);
	if (r)
		return cli_fail(r == -EINVAL         ? CLI_USAGE
				: r == -ECONNREFUSED ? CLI_UNREACHABLE
				: r == -EACCES || r == -EKEYREJECTED ? CLI_REFUSED
								     : CLI_FAILURE,
			"%s", why);
	r = interfaces ? agent_write(answer, interfaces, pki, agent) : CLI_OK;
	if (!r && interfaces)
		r = picketd_write(answer, interfaces, pki, picketd ? picketd : DEFAULT_PICKETD);
	if (!r && cli_json(cli))
		cli_print(cli, answer);
	else if (!r)
		fprintf(cli->out, "This host is %s now: %s holds its key and certificate.%s%s\n",
			json_string_value(json_object_get(answer, "name")), pki,
			interfaces ? " Next: systemctl enable --now picket-agent, with " : "",
			interfaces ? agent : "");
	json_decref(answer);
	return r;
}
