/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "edge/cli_simulate_source.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <picket/limits.h>

#include "base/file.h"
#include "base/room.h"
#include "base/xml.h"
#include "base/xml_plain.h"
#include "core/model/review.h"
#include "core/model/site.h"
#include "core/model/translate.h"
#include "core/policy/scene.h"
#include "edge/zone.h"

#define CIB_MAX (1U << 30)
#define ROOM_LEAST (128UL << 20)
#define ROOM_TIMES 4

void source_done(struct source *s)
{
	element_tree_free(s->tree);
	free(s->name);
	*s = (struct source){ 0 };
}

void source_say(const struct problems *problems)
{
	for (size_t i = 0; i < problems->n; i++)
		fprintf(stderr, "%s: %s%s\n", problems->items[i].where,
			problems->items[i].warning ? "warning: " : "", problems->items[i].text);
}

static int read_stdin(char **ret, size_t *ret_len)
{
	size_t len = 0, cap = 1 << 16;
	char *text = own_array(NULL, cap, 1);

	for (;;) {
		size_t n = fread(text + len, 1, cap - len - 1, stdin);

		if (!n)
			break;
		len += n;
		if (len >= CIB_MAX) {
			free(text);
			return -EFBIG;
		}
		if (cap - len < cap / 2) {
			cap *= 2;
			text = own_array(text, cap, 1);
		}
	}
	text[len] = '\0';
	*ret = text;
	*ret_len = len;
	return ferror(stdin) ? -EIO : 0;
}

static int read_text(const char *path, char **ret, size_t *ret_len)
{
	int r = strcmp(path, "-") ? file_read(path, CIB_MAX, ret, ret_len)
				  : read_stdin(ret, ret_len);

	if (!r)
		return CLI_OK;
	return cli_fail(r == -ENOENT ? CLI_NOT_FOUND : CLI_FAILURE, "%s: %s", path, strerror(-r));
}

static int read_cib(const char *path, struct element_tree **ret)
{
	owned(free) char *text = NULL, *why = NULL;
	unsigned line = 0;
	struct stat st;
	size_t len;
	int r;

	/* What is made of a file is some times as large as it. */
	if (!stat(path, &st))
		room_make(ROOM_LEAST + (size_t)st.st_size * ROOM_TIMES);
	/* What can be read again is first read as if it were plain, a little at a time. */
	if (strcmp(path, "-")) {
		*ret = xml_plain_file(path, CIB_MAX);
		if (*ret)
			return CLI_OK;
	}
	r = read_text(path, &text, &len);
	if (r)
		return r;
	if (xml_parse(text, len, ret, &line, &why))
		return cli_fail(CLI_USAGE, "%s:%u: %s", path, line, why);
	return CLI_OK;
}

int source_cib(const char *path, struct source *ret)
{
	int r = read_cib(path, &ret->tree);

	if (r == CLI_OK)
		ret->name = own_string(path);
	ret->of_pacemaker = true;
	return r;
}

static int read_document(const char *path, struct document **ret)
{
	owned(free) char *text = NULL;
	struct problems problems = { 0 };
	size_t len;
	int r = read_text(path, &text, &len);

	if (r)
		return r;
	if (len > PICKET_DOCUMENT_MAX)
		return cli_fail(
			CLI_USAGE, "%s: larger than %d MiB", path, PICKET_DOCUMENT_MAX >> 20);
	r = document_parse(text, len, path, &problems, ret);
	source_say(&problems);
	problems_done(&problems);
	return r ? CLI_USAGE : CLI_OK;
}

/* ---- configurations
 * --------------------------------------------------------------------------------- */

static int of_document(const char *path, bool of_pacemaker, struct element_tree **ret)
{
	owned(document) struct document *document = NULL;
	owned(site) struct site *site = NULL;
	struct problems problems = { 0 }, again = { 0 };
	int r = read_document(path, &document);

	if (r)
		return r;
	r = site_new(document->root, document, &problems, &site);
	source_say(&problems);
	problems_done(&problems);
	if (r)
		return CLI_USAGE;
	/* Said already: what the second look at the same document finds. */
	r = translate_site(site->root, document, of_pacemaker, &again, ret);
	problems_done(&again);
	return r ? CLI_USAGE : CLI_OK;
}

static int looks_like_xml(const char *path, bool *ret)
{
	char start[256] = "";
	FILE *f = fopen(path, "re");
	const char *at = start;

	if (!f)
		return cli_fail(errno == ENOENT ? CLI_NOT_FOUND : CLI_FAILURE, "%s: %m", path);
	start[fread(start, 1, sizeof(start) - 1, f)] = '\0';
	fclose(f);
	while (isspace((unsigned char)*at))
		at++;
	*ret = *at == '<';
	return CLI_OK;
}

int source_configuration(const char *path, bool of_pacemaker, struct element_tree **ret)
{
	owned(element_tree) struct element_tree *tree = NULL;
	bool xml;
	int r = looks_like_xml(path, &xml);

	if (r || !xml)
		return r ? r : of_document(path, of_pacemaker, ret);
	r = read_cib(path, &tree);
	if (r)
		return r;
	if (!element_is(tree->root, "cib") || !element_child(tree->root, "configuration"))
		return cli_fail(CLI_USAGE, "%s: a <cib> with its <configuration> is wanted", path);
	*ret = give(tree);
	return CLI_OK;
}

static int check_document(const char *path, struct problems *problems, struct element_tree **ret)
{
	owned(document) struct document *document = NULL;
	owned(site) struct site *site = NULL;
	owned(free) char *text = NULL;
	size_t len;
	int r = read_text(path, &text, &len);

	if (r)
		return r;
	if (!document_parse(text, len, path, problems, &document) &&
		!site_new(document->root, document, problems, &site)) {
		struct problems again = { 0 };

		translate_site(site->root, document, true, &again, ret);
		problems_done(&again);
	}
	return CLI_OK;
}

static bool is_there(const struct problems *problems, size_t n, const struct problem *p)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(problems->items[i].where, p->where) &&
			!strcmp(problems->items[i].text, p->text))
			return true;
	return false;
}

int source_check(const char *path, struct problems *problems)
{
	struct review_options options = { .name = path, .now_s = time(NULL), .zone = zone_offset };
	owned(element_tree) struct element_tree *tree = NULL;
	struct problems more = { 0 };
	size_t n;
	int r = looks_like_xml(path, &options.references);

	if (r == CLI_OK && options.references)
		r = read_cib(path, &tree);
	else if (r == CLI_OK)
		r = check_document(path, problems, &tree);
	if (r || !tree)
		return r;
	n = problems->n;
	review_configuration(tree->root, &options, &more);
	for (size_t i = 0; i < more.n; i++)
		if (!is_there(problems, n, &more.items[i]))
			problems_add(problems, more.items[i].warning, more.items[i].where, "%s",
				more.items[i].text);
	if (!element_child(tree->root, "configuration"))
		problems_add(problems, false, path, "a <cib> with its <configuration> is wanted");
	problems_done(&more);
	return CLI_OK;
}

/* ---- the whole
 * -------------------------------------------------------------------------------------- */

static int live(const struct cli *cli, struct source *ret)
{
	struct door_request request = { .method = "GET", .path = "/v1/model" };
	struct door_answer answer;
	owned(free) char *why = NULL;
	const char *text;
	unsigned line;
	int r = cli_ask(cli, &request, &answer);

	if (r)
		return r;
	text = json_string_value(json_object_get(answer.json, "cib"));
	r = text ? xml_parse(text, strlen(text), &ret->tree, &line, &why) : -EINVAL;
	door_answer_done(&answer);
	if (r)
		return cli_fail(CLI_FAILURE, "the controller's answer is no model: %s",
			why ? why : "it has no cib");
	ret->name = own_string(cli->socket);
	return CLI_OK;
}

static int tell(const char *path, struct element_tree *tree)
{
	owned(document) struct document *document = NULL;
	struct problems problems = { 0 };
	int r = path ? read_document(path, &document) : CLI_OK;

	if (r)
		return r;
	r = scene_set(tree, document, &problems);
	source_say(&problems);
	problems_done(&problems);
	return r ? CLI_USAGE : CLI_OK;
}

static void swap_configuration(struct element_tree *tree, const struct element *fresh)
{
	struct element *old = element_child(tree->root, "configuration");

	if (old)
		element_remove(old);
	element_copy(tree, tree->root, element_child(fresh, "configuration"));
}

int source_load(const struct command *command, const struct cli *cli, struct source *ret)
{
	const char *cib = command_option(command, "cib");
	const char *configuration = command_option(command, "configuration");
	const char *status = command_option(command, "status");
	owned(element_tree) struct element_tree *fresh = NULL;
	int r = CLI_OK;

	ret->of_pacemaker = cib != NULL;
	if (cib)
		r = read_cib(cib, &ret->tree);
	else if (!configuration)
		r = live(cli, ret);
	if (r == CLI_OK && configuration)
		r = source_configuration(configuration, cib != NULL, &fresh);
	if (r)
		return r;
	if (!ret->name)
		ret->name = own_string(cib ? cib : configuration);
	if (fresh && ret->tree)
		swap_configuration(ret->tree, fresh->root);
	else if (fresh)
		ret->tree = give(fresh);
	if (status || (!cib && configuration && !element_child(ret->tree->root, "status")))
		return tell(status, ret->tree);
	return CLI_OK;
}
