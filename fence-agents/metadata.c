/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "metadata.h"

static void put_escaped(FILE *to, const char *text)
{
	for (; text && *text; text++) {
		switch (*text) {
		case '&':
			fputs("&amp;", to);
			break;
		case '<':
			fputs("&lt;", to);
			break;
		case '>':
			fputs("&gt;", to);
			break;
		case '"':
			fputs("&quot;", to);
			break;
		default:
			fputc(*text, to);
		}
	}
}

static void put_attribute(FILE *to, const char *name, const char *value)
{
	fprintf(to, " %s=\"", name);
	put_escaped(to, value);
	fputc('"', to);
}

static const char *type_name(enum param_type type)
{
	static const char *const names[] = { "string", "boolean", "second", "integer", "select" };

	return names[type];
}

/* "-a, --ip=[ip]"; names are written with dashes. */
static void option_text(const struct param *p, char *to, size_t size)
{
	char dashed[64];

	snprintf(dashed, sizeof(dashed), "%s", p->name);
	for (char *c = dashed; *c; c++)
		*c = *c == '_' ? '-' : *c;
	snprintf(to, size, "%s%c%s--%s%s%s", p->letter ? "-" : "", p->letter ? p->letter : ' ',
		p->letter ? ", " : "", dashed, p->hint ? "=" : "", p->hint ? p->hint : "");
}

static void put_parameter(FILE *to, const struct param *p, const char *name, bool deprecated)
{
	char option[160];

	fputs("\t<parameter", to);
	put_attribute(to, "name", name);
	fprintf(to, " unique=\"0\" required=\"%d\"", p->required);
	if (deprecated)
		fputs(" deprecated=\"1\"", to);
	else if (p->old)
		put_attribute(to, "obsoletes", p->old);
	fputs(">\n\t\t<getopt", to);
	option_text(p, option, sizeof(option));
	put_attribute(to, "mixed", option[0] == ' ' ? option + 1 : option);
	fputs(" />\n\t\t<content", to);
	put_attribute(to, "type", type_name(p->type));
	if (p->preset)
		put_attribute(to, "default", p->preset);
	if (p->type == PARAM_SELECT) {
		fputs(">\n", to);
		for (const char *const *o = p->options; *o; o++) {
			fputs("\t\t\t<option", to);
			put_attribute(to, "value", *o);
			fputs(" />\n", to);
		}
		fputs("\t\t</content>\n", to);
	} else {
		fputs(" />\n", to);
	}
	fputs("\t\t<shortdesc lang=\"en\">", to);
	put_escaped(to, p->text);
	fputs("</shortdesc>\n\t</parameter>\n", to);
}

static void put_actions(FILE *to, const struct agent *agent)
{
	fputs("<actions>\n\t<action name=\"on\" automatic=\"0\"/>\n", to);
	for (const char *const *a = (const char *const[]){ "off", "reboot", "status", NULL }; *a;
		a++)
		fprintf(to, "\t<action name=\"%s\" />\n", *a);
	if (agent->groups & PARAM_LIST)
		fputs("\t<action name=\"list\" />\n\t<action name=\"list-status\" />\n", to);
	for (const char *const *a = (const char *const[]){ "monitor", "metadata", "manpage",
		     "validate-all", NULL };
		*a; a++)
		fprintf(to, "\t<action name=\"%s\" />\n", *a);
	if (agent->device->diag)
		fputs("\t<action name=\"diag\" />\n", to);
	if (agent->device->rehearse)
		fputs("\t<action name=\"rehearse\" />\n", to);
	if (agent->device->pin)
		fputs("\t<action name=\"pin\" />\n", to);
	fputs("</actions>\n", to);
}

void metadata_write(
	FILE *to, const struct agent *agent, const char *name, const struct params *params)
{
	const char *shortdesc = agent->shortdesc;

	for (const struct agent_symlink *s = agent->symlinks; s && s->name; s++)
		if (strcmp(s->name, name) == 0)
			shortdesc = s->shortdesc;
	fputs("<?xml version=\"1.0\" ?>\n<resource-agent", to);
	put_attribute(to, "name", name);
	put_attribute(to, "shortdesc", shortdesc);
	fputs(" >\n", to);
	for (const struct agent_symlink *s = agent->symlinks; s && s->name; s++) {
		fputs("<symlink", to);
		put_attribute(to, "name", s->name);
		put_attribute(to, "shortdesc", s->shortdesc);
		fputs("/>\n", to);
	}
	fputs("<longdesc>", to);
	put_escaped(to, agent->longdesc);
	fputs("</longdesc>\n<vendor-url>", to);
	put_escaped(to, agent->vendor_url);
	fputs("</vendor-url>\n<parameters>\n", to);
	for (size_t i = 0; i < params->n; i++) {
		put_parameter(to, &params->rows[i], params->rows[i].name, false);
		if (params->rows[i].old)
			put_parameter(to, &params->rows[i], params->rows[i].old, true);
	}
	fputs("</parameters>\n", to);
	put_actions(to, agent);
	fputs("</resource-agent>\n", to);
}

void metadata_help(
	FILE *to, const struct agent *agent, const char *name, const struct params *params)
{
	fprintf(to, "Usage:\n\t%s [options]\n\t%s < name=value lines\n\n%s\n\nOptions:\n", name,
		name, agent->longdesc);
	for (size_t i = 0; i < params->n; i++) {
		const struct param *p = &params->rows[i];
		char option[160];

		option_text(p, option, sizeof(option));
		fprintf(to, "   %-32s %s%s%s%s\n", option[0] == ' ' ? option + 1 : option, p->text,
			p->preset ? " (default: " : "", p->preset ? p->preset : "",
			p->preset ? ")" : "");
	}
	fputs("\nExit status: 0 done (status: on), 1 not done or unknown, 2 status: off.\n", to);
}
