/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Late: the functions of large libraries, bound when the first of them is called. To be linked with
 * libcurl is to load and relocate twenty-six libraries more, which costs more time than everything
 * else a fence agent does; metadata never need one, and an outlet behind SNMP needs no libcurl.
 * What libxml2 and libical bring along is nearly as much, and a cluster in a file needs neither.
 * Only the agents and the command line are linked with this file instead of the libraries: its
 * names are theirs. Whoever compiles it says which, by their names: LATE_CURL, and perhaps
 * LATE_SNMP, LATE_XML, LATE_ICAL.
 */
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#include <dlfcn.h>
#ifdef LATE_ICAL
#include <libical/ical.h>
#endif
#ifdef LATE_XML
#include <libxml/SAX2.h>
#include <libxml/parser.h>
#endif
#include <malloc.h>
#ifdef LATE_SNMP
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#endif
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#undef curl_easy_setopt
#undef curl_easy_getinfo

enum { HEAP = 576 << 10, PAGE = 4096 }; /* HEAP: what a TLS connection takes, in small pieces */

/* Half a megabyte that is touched page by page costs a fault for each page, and where the machine
 * is virtual these may be dear; asked for at once, it is one call. Older kernels refuse. */
static void late_heap(void)
{
	char *heap;

	mallopt(M_MMAP_THRESHOLD, 4 * HEAP);
	mallopt(M_TRIM_THRESHOLD, 4 * HEAP);
	heap = malloc(HEAP);
	if (heap)
		madvise(heap + PAGE - (uintptr_t)heap % PAGE, HEAP - PAGE, MADV_POPULATE_WRITE);
	free(heap);
}

/* With libcurl comes GnuTLS, for LDAP and RTMP, which base/http.c does not allow; it would set up
 * itself as it is loaded. Only this process is told not to: a script that it starts may need it. */
static void *late_load_curl(void)
{
	static const char name[] = "GNUTLS_NO_IMPLICIT_INIT";
	bool ours = !getenv(name) && setenv(name, "1", 0) == 0;
	void *handle;

	late_heap();
	handle = dlopen(LATE_CURL, RTLD_LAZY | RTLD_LOCAL);
	if (ours)
		unsetenv(name);
	return handle;
}

/* Libraries stay loaded: to open one again costs next to nothing. Without its library a program can
 * do nothing, and says so. */
static void *late_bind(const char *library, const char *name)
{
	static void *curl;
	void *handle, *function;

	if (strcmp(library, LATE_CURL))
		handle = dlopen(library, RTLD_LAZY | RTLD_LOCAL);
	else
		handle = curl = curl ? curl : late_load_curl();
	function = handle ? dlsym(handle, name) : NULL;
	if (!function) {
		fprintf(stderr, "Failed: %s\n", dlerror());
		exit(EXIT_FAILURE);
	}
	return function;
}

#define LATE(library, result, name, parameters, arguments)                                         \
	result name parameters                                                                     \
	{                                                                                          \
		static typeof(name) *real;                                                         \
                                                                                                   \
		if (!real)                                                                         \
			real = late_bind(library, #name);                                          \
		return real arguments;                                                             \
	}

/* Variadic by declaration; what follows is always one argument, a long or a pointer. */
#define LATE_OPTION(name, first)                                                                   \
	CURLcode name(CURL *curl, first option, ...)                                               \
	{                                                                                          \
		static typeof(name) *real;                                                         \
		va_list ap;                                                                        \
		void *value;                                                                       \
                                                                                                   \
		if (!real)                                                                         \
			real = late_bind(LATE_CURL, #name);                                        \
		va_start(ap, option);                                                              \
		value = va_arg(ap, void *);                                                        \
		va_end(ap);                                                                        \
		return real(curl, option, value);                                                  \
	}
_Static_assert(sizeof(long) == sizeof(void *), "one argument, whichever it is");

#define C LATE_CURL
LATE(C, CURLcode, curl_global_init, (long flags), (flags))
LATE(C, CURL *, curl_easy_init, (void), ())
LATE_OPTION(curl_easy_setopt, CURLoption)
LATE_OPTION(curl_easy_getinfo, CURLINFO)
LATE(C, CURLcode, curl_easy_perform, (CURL * curl), (curl))
LATE(C, void, curl_easy_cleanup, (CURL * curl), (curl))
LATE(C, const char *, curl_easy_strerror, (CURLcode code), (code))
LATE(C, void, curl_free, (void *memory), (memory))
LATE(C, struct curl_slist *, curl_slist_append, (struct curl_slist * list, const char *text),
	(list, text))
LATE(C, void, curl_slist_free_all, (struct curl_slist * list), (list))
LATE(C, CURLU *, curl_url, (void), ())
LATE(C, void, curl_url_cleanup, (CURLU * url), (url))
LATE(C, CURLUcode, curl_url_set, (CURLU * url, CURLUPart what, const char *part, unsigned flags),
	(url, what, part, flags))
/* By its name for the linker: whether url is const differs between versions of the header. */
CURLUcode late_url_get(CURLU *url, CURLUPart what, char **part, unsigned flags) __asm__(
	"curl_url_get");
CURLUcode late_url_get(CURLU *url, CURLUPart what, char **part, unsigned flags)
{
	static typeof(late_url_get) *real;

	if (!real)
		real = late_bind(LATE_CURL, "curl_url_get");
	return real(url, what, part, flags);
}

#ifdef LATE_XML
#define X LATE_XML
LATE(X, xmlParserCtxtPtr, xmlCreatePushParserCtxt,
	(xmlSAXHandlerPtr sax, void *ctx, const char *chunk, int size, const char *name),
	(sax, ctx, chunk, size, name))
LATE(X, int, xmlCtxtUseOptions, (xmlParserCtxtPtr parser, int options), (parser, options))
LATE(X, int, xmlParseChunk, (xmlParserCtxtPtr parser, const char *chunk, int size, int last),
	(parser, chunk, size, last))
LATE(X, void, xmlStopParser, (xmlParserCtxtPtr parser), (parser))
LATE(X, void, xmlFreeParserCtxt, (xmlParserCtxtPtr parser), (parser))
LATE(X, void, xmlFreeDoc, (xmlDocPtr document), (document))
LATE(X, xmlEntityPtr, xmlGetPredefinedEntity, (const xmlChar *name), (name))
LATE(X, int, xmlSAX2GetLineNumber, (void *parser), (parser))
#endif

#ifdef LATE_ICAL
#define I LATE_ICAL
LATE(I, struct icaltimetype, icaltime_from_timet_with_zone,
	(const time_t seconds, const int is_date, const icaltimezone *zone),
	(seconds, is_date, zone))
LATE(I, icaltimezone *, icaltimezone_get_builtin_timezone, (const char *name), (name))
LATE(I, icaltimezone *, icaltimezone_get_utc_timezone, (void), ())
LATE(I, int, icaltimezone_get_utc_offset_of_utc_time,
	(icaltimezone * zone, struct icaltimetype *when, int *is_daylight),
	(zone, when, is_daylight))
#endif

#ifdef LATE_SNMP
#define S LATE_SNMP
LATE(S, void, init_snmp, (const char *type), (type))
LATE(S, int, netsnmp_ds_set_boolean, (int store, int which, int value), (store, which, value))
LATE(S, void, snmp_disable_log, (void), ())
LATE(S, void, snmp_sess_init, (netsnmp_session * session), (session))
LATE(S, void *, snmp_sess_open, (netsnmp_session * session), (session))
LATE(S, netsnmp_session *, snmp_sess_session, (void *session), (session))
LATE(S, int, snmp_sess_close, (void *session), (session))
LATE(S, int, snmp_sess_synch_response, (void *session, netsnmp_pdu *pdu, netsnmp_pdu **answer),
	(session, pdu, answer))
LATE(S, void, snmp_sess_error, (void *session, int *os_error, int *error, char **text),
	(session, os_error, error, text))
LATE(S, void, snmp_error, (netsnmp_session * session, int *os_error, int *error, char **text),
	(session, os_error, error, text))
LATE(S, const char *, snmp_errstring, (int error), (error))
LATE(S, netsnmp_pdu *, snmp_pdu_create, (int command), (command))
LATE(S, void, snmp_free_pdu, (netsnmp_pdu * pdu), (pdu))
LATE(S, netsnmp_variable_list *, snmp_pdu_add_variable,
	(netsnmp_pdu * pdu, const oid *name, size_t n, u_char type, const void *value, size_t size),
	(pdu, name, n, type, value, size))
LATE(S, netsnmp_variable_list *, snmp_add_null_var, (netsnmp_pdu * pdu, const oid *name, size_t n),
	(pdu, name, n))
LATE(S, int, usm_lookup_auth_type, (const char *text), (text))
LATE(S, int, usm_lookup_priv_type, (const char *text), (text))
LATE(S, oid *, sc_get_auth_oid, (int type, size_t *n), (type, n))
LATE(S, oid *, sc_get_priv_oid, (int type, size_t *n), (type, n))
LATE(S, int, sc_hash,
	(const oid *hash, size_t n, const u_char *text, size_t size, u_char *key, size_t *key_size),
	(hash, n, text, size, key, key_size))
#endif
