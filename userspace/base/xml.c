// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/xml.h"
#include "base/xml_plain.h"

#include <errno.h>
#include <limits.h>
#include <libxml/SAX2.h>
#include <libxml/parser.h>

#include <picket/limits.h>

/* What the reader holds between two calls of the library. */
struct reader {
	struct element_tree *tree;
	struct element *at;
	xmlParserCtxtPtr parser;
	unsigned depth, line;
	char *why;
};

static void refuse(struct reader *r, const char *why)
{
	if (r->why)
		return;
	r->why = own_string(why);
	r->line = (unsigned)xmlSAX2GetLineNumber(r->parser);
	xmlStopParser(r->parser);
}

/* Five pointers an attribute: name, prefix, URI, value's begin and end. */
static void fill(struct reader *r, struct element *e, const xmlChar **attributes, size_t n)
{
	owned(free) const char **values = own_array(NULL, n, sizeof(*values));
	struct element_names *names = &r->tree->names;

	for (size_t i = 0; i < n; i++) {
		const char *name = (const char *)attributes[5 * i];
		const char *begin = (const char *)attributes[5 * i + 3];
		const char *end = (const char *)attributes[5 * i + 4];

		names = element_names_add(r->tree, names, name, strlen(name));
		values[i] = element_keep(r->tree, begin, (size_t)(end - begin));
	}
	element_fill(r->tree, e, names, values);
}

static void start(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
	int n_namespaces, const xmlChar **namespaces, int n_attributes, int n_defaulted,
	const xmlChar **attributes)
{
	struct reader *r = ctx;
	struct element *e;

	if (r->why)
		return;
	if (++r->depth > PICKET_DEPTH_MAX) {
		refuse(r, "elements are nested too deeply");
		return;
	}
	e = element_add(r->tree, r->at,
		element_tag(r->tree, (const char *)name, strlen((const char *)name)));
	e->line = (unsigned)xmlSAX2GetLineNumber(r->parser);
	fill(r, e, attributes, (size_t)n_attributes);
	r->at = e;
}

static void end(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
	struct reader *r = ctx;

	if (r->why)
		return;
	r->depth--;
	r->at = r->at->parent;
}

static void text(void *ctx, const xmlChar *chars, int len)
{
	struct reader *r = ctx;
	const char *s = (const char *)chars;

	if (r->why || !r->at)
		return;
	if (!r->at->text && strspn(s, " \t\r\n") >= (size_t)len)
		return;
	r->at->text = r->at->text ? element_printf(r->tree, "%s%.*s", r->at->text, len, s)
				  : element_string(r->tree, s, (size_t)len);
}

static void entity(void *ctx, const xmlChar *name, int type, const xmlChar *public_id,
	const xmlChar *system_id, xmlChar *content)
{
	refuse(ctx, "entities are not defined in a document that is read here");
}

static xmlEntityPtr no_entity(void *ctx, const xmlChar *name)
{
	return xmlGetPredefinedEntity(name);
}

static void wrong(void *ctx, const xmlError *error)
{
	struct reader *r = ctx;
	const char *message = error->message ? error->message : "not well-formed";

	if (error->level < XML_ERR_ERROR || r->why)
		return;
	r->why = own_printf("not well-formed XML: %.*s", (int)strcspn(message, "\n"), message);
	r->line = (unsigned)error->line;
}

/* The handler's type lost its const between two versions of the library. */
static void wrong_call(void *ctx, void *error)
{
	wrong(ctx, error);
}

int xml_parse(const char *buffer, size_t len, struct element_tree **ret, unsigned *ret_line,
	char **ret_why)
{
	xmlSAXHandler sax = {
		.initialized = XML_SAX2_MAGIC,
		.startElementNs = start,
		.endElementNs = end,
		.characters = text,
		.cdataBlock = text,
		.entityDecl = entity,
		.getEntity = no_entity,
		.serror = (xmlStructuredErrorFunc)(void *)wrong_call,
	};
	struct reader r = { .tree = xml_plain_parse(buffer, len) };
	int rc = 0;

	if (r.tree) {
		*ret = r.tree;
		return 0;
	}
	r.tree = element_tree_new();
	if (len > INT_MAX) {
		element_tree_free(r.tree);
		*ret_line = 0;
		*ret_why = own_string("the document is too large");
		return -EINVAL;
	}
	r.parser = xmlCreatePushParserCtxt(&sax, &r, NULL, 0, NULL);
	if (!r.parser)
		abort();
	/* NOENT: &amp; comes as a character; entities of the document's own are refused. */
	xmlCtxtUseOptions(r.parser, XML_PARSE_NONET | XML_PARSE_HUGE | XML_PARSE_NOENT);
	xmlParseChunk(r.parser, buffer, (int)len, 1);
	if (!r.why && (!r.parser->wellFormed || !r.tree->root)) {
		r.why = own_string("not well-formed XML");
		r.line = (unsigned)xmlSAX2GetLineNumber(r.parser);
	}
	if (r.parser->myDoc)
		xmlFreeDoc(r.parser->myDoc);
	xmlFreeParserCtxt(r.parser);
	if (r.why) {
		*ret_why = r.why;
		*ret_line = r.line;
		element_tree_free(r.tree);
		rc = -EINVAL;
	} else {
		*ret = r.tree;
	}
	return rc;
}

static void quote(const char *s, FILE *out)
{
	for (; *s; s++) {
		switch (*s) {
		case '&':
			fputs("&amp;", out);
			break;
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		case '\n':
			fputs("&#10;", out);
			break;
		case '\t':
			fputs("&#9;", out);
			break;
		case '\r':
			fputs("&#13;", out);
			break;
		default:
			fputc(*s, out);
		}
	}
}

static void print(const struct element *e, int depth, FILE *out)
{
	fprintf(out, "%*s<%s", 2 * depth, "", e->name);
	for (unsigned i = 0; i < e->names->n; i++) {
		fprintf(out, " %s=\"", e->names->all[i].text);
		quote(e->values[i], out);
		fputc('"', out);
	}
	if (!e->first && !e->text) {
		fputs("/>\n", out);
		return;
	}
	fputc('>', out);
	if (e->text)
		quote(e->text, out);
	if (e->first)
		fputc('\n', out);
	for (const struct element *c = e->first; c; c = c->next)
		print(c, depth + 1, out);
	fprintf(out, "%*s</%s>\n", e->first ? 2 * depth : 0, "", e->name);
}

void xml_print(const struct element *e, FILE *out)
{
	print(e, 0, out);
}
