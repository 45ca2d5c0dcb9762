/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cib: small clusters as text, put to the engine, for the tests of what it decides. */
#ifndef UNIT_CIB_H
#define UNIT_CIB_H

#include <criterion/criterion.h>

#include "base/lines.h"
#include "base/xml.h"
#include "core/graph.h"
#include "core/policy/engine.h"
#include "core/policy/execution.h"

#define CIB_NOW 1700000000
#define CIB_UUID "11111111-1111-1111-1111-111111111111"

struct cib {
	struct element_tree *tree;
	struct engine *engine;
	struct plan *plan;
	struct lines said; /* actions, one a line; or where everything is */
};

#define CIB_DUMMY(id) "<primitive id='" id "' class='ocf' provider='heartbeat' type='Dummy'/>"
/* One entry of a history. */
#define CIB_OP(id, op, call, rc, expected)                                                         \
	"<lrm_rsc_op id='" id "_last_0' operation='" op "' interval='0' call-id='" call            \
	"' rc-code='" rc "' op-status='0' last-rc-change='1699999000' transition-key='1:1:" expected \
	":" CIB_UUID "' transition-magic='0:" rc ";1:1:" expected ":" CIB_UUID "'/>"
#define CIB_RECORD(id, ops)                                                                        \
	"<lrm_resource id='" id "' class='ocf' provider='heartbeat' type='Dummy'>" ops             \
	"</lrm_resource>"
#define CIB_NODE(id, name, ccm, crmd, join, records)                                               \
	"<node_state id='" id "' uname='" name "' in_ccm='" ccm "' crmd='" crmd "' join='" join    \
	"' expected='member'><lrm id='" id "'><lrm_resources>" records                            \
	"</lrm_resources></lrm></node_state>"
#define CIB_UP(id, name, records) CIB_NODE(id, name, "true", "online", "member", records)
#define CIB_LOST(id, name, records) CIB_NODE(id, name, "false", "offline", "down", records)

/* Two nodes, n1 and n2. options: pairs until NULL. */
static inline struct cib cib_new(const char *const options[], const char *resources,
	const char *constraints, const char *status)
{
	struct lines text = { 0 };
	struct cib c = { 0 };
	char *why = NULL;
	unsigned line;

	lines_add(&text, "<cib crm_feature_set='3.16.1' have-quorum='1' dc-uuid='1'><configuration>"
			 "<crm_config><cluster_property_set id='o'>");
	for (; options && *options; options += 2)
		lines_add(&text, "<nvpair id='o-%s' name='%s' value='%s'/>", options[0], options[0],
			options[1]);
	lines_add(&text,
		"</cluster_property_set></crm_config><nodes><node id='1' uname='n1'/>"
		"<node id='2' uname='n2'/></nodes><resources>%s</resources><constraints>%s"
		"</constraints></configuration><status>%s</status></cib>",
		resources, constraints, status);
	cr_assert_eq(xml_parse(text.data, text.len, &c.tree, &line, &why), 0, "%s", why);
	lines_done(&text);
	return c;
}

static inline void cib_done(struct cib *c)
{
	lines_done(&c->said);
	plan_free(c->plan);
	engine_free(c->engine);
	element_tree_free(c->tree);
}

/* The actions that are planned, each a line. */
static inline const char *cib_actions(struct cib *c)
{
	owned(graph) struct graph *g = NULL;
	char *why = NULL;

	c->engine = engine_new(c->tree->root, CIB_NOW, NULL);
	cr_assert_eq(engine_run(c->engine, &why), 0, "%s", why);
	c->plan = engine_plan(c->engine);
	g = graph_new(c->plan);
	for (unsigned i = 0; i < g->n; i++)
		lines_add(&c->said, "%s\n", g->labels[i]);
	return c->said.data ? c->said.data : "";
}

static inline void cib_place(void *ctx, const char *resource, const char *node, const char *role)
{
	lines_add(ctx, "%s %s %s\n", resource, node, role);
}

/* Where everything is, as the status tells. */
static inline const char *cib_running(struct cib *c)
{
	char *why = NULL;

	lines_done(&c->said);
	c->said = (struct lines){ 0 };
	engine_free(c->engine);
	c->engine = engine_new(c->tree->root, CIB_NOW, NULL);
	cr_assert_eq(engine_look(c->engine, &why), 0, "%s", why);
	engine_running(c->engine, cib_place, &c->said);
	return c->said.data ? c->said.data : "";
}

#endif
