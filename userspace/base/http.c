/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>

#include "base/http.h"
#include "base/moment.h"
#include "base/own.h"

enum { REDIRECTS_MAX = 5, HEADERS_MAX = 65536, BODY_MAX = 512 << 10, CONNECT_MS = 5000 };

struct http {
	CURL *curl;
	char *username, *password;
	bool insecure;
	size_t body_max;
	char detail[CURL_ERROR_SIZE], reason[CURL_ERROR_SIZE + 256];
	/* of the answer that is coming in */
	struct http_answer answer;
	size_t cap, header_bytes;
	bool too_big;
};

own_define(curlu, CURLU, curl_url_cleanup);
own_define(slist, struct curl_slist, curl_slist_free_all);
own_define(bio, BIO, BIO_free_all);
own_define(x509, X509, X509_free);

static void wipe(char **s)
{
	if (*s)
		explicit_bzero(*s, strlen(*s));
	free(*s);
	*s = NULL;
}

void http_answer_done(struct http_answer *answer)
{
	free(answer->body);
	free(answer->etag);
	free(answer->location);
	wipe(&answer->token);
	*answer = (struct http_answer){ 0 };
}

static size_t on_body(char *data, size_t size, size_t n, void *ctx)
{
	struct http *http = ctx;
	struct http_answer *a = &http->answer;

	n *= size;
	if (n > http->body_max - a->size) {
		http->too_big = true;
		return 0;
	}
	while (a->size + n + 1 > http->cap) {
		http->cap = http->cap ? 2 * http->cap : 4096;
		a->body = own_array(a->body, http->cap, 1);
	}
	memcpy(a->body + a->size, data, n);
	a->size += n;
	a->body[a->size] = 0;
	return n;
}

/* The value of "Name: value\r\n" if the name is this one; otherwise NULL. */
static char *header_value(const char *line, size_t n, const char *name)
{
	size_t k = strlen(name);

	if (n <= k || strncasecmp(line, name, k) != 0 || line[k] != ':')
		return NULL;
	line += k + 1;
	n -= k + 1;
	while (n && isspace((unsigned char)*line))
		line++, n--;
	while (n && isspace((unsigned char)line[n - 1]))
		n--;
	return strndup(line, n);
}

static void header_take(char **slot, const char *line, size_t n, const char *name)
{
	char *value = header_value(line, n, name);

	if (!value)
		return;
	wipe(slot);
	*slot = value;
}

/* Retry-After is seconds or a date; a date of a BMC's clock is worth no more than "a second". */
static int64_t retry_after(const char *value)
{
	char *end = NULL;
	long s = strtol(value, &end, 10);

	if (end == value || *end || s < 0)
		return 1000;
	return s > 3600 ? 3600000 : s * 1000;
}

static size_t on_header(char *line, size_t size, size_t n, void *ctx)
{
	struct http *http = ctx;
	struct http_answer *a = &http->answer;
	owned(free) char *retry = NULL;

	n *= size;
	http->header_bytes += n;
	if (http->header_bytes > HEADERS_MAX) {
		http->too_big = true;
		return 0;
	}
	header_take(&a->etag, line, n, "ETag");
	header_take(&a->location, line, n, "Location");
	header_take(&a->token, line, n, "X-Auth-Token");
	retry = header_value(line, n, "Retry-After");
	if (retry)
		a->retry_after_ms = retry_after(retry);
	return n;
}

static void http_trust(struct http *http, const struct http_config *config)
{
	/* A pin alone identifies the key; names and chains of a BMC's own certificate add nothing.
	 * With a CA as well, both must be right. */
	bool chain = !config->insecure && (config->ca || !config->pin);

	curl_easy_setopt(http->curl, CURLOPT_SSL_VERIFYPEER, chain ? 1L : 0L);
	curl_easy_setopt(http->curl, CURLOPT_SSL_VERIFYHOST, chain ? 2L : 0L);
	if (config->ca && !config->insecure) {
		curl_easy_setopt(http->curl, CURLOPT_CAINFO, config->ca);
		curl_easy_setopt(http->curl, CURLOPT_CAPATH, NULL);
	}
	if (config->pin && !config->insecure)
		curl_easy_setopt(http->curl, CURLOPT_PINNEDPUBLICKEY, config->pin);
}

int http_new(const struct http_config *config, struct http **ret_http)
{
	struct http *http = own_new(struct http);
	CURL *c = curl_easy_init();

	if (!c) {
		free(http);
		return -ENOMEM;
	}
	http->curl = c;
	http->username = own_string(config->username);
	http->password = own_string(config->password);
	http->insecure = config->insecure;
	http->body_max = config->body_max ? config->body_max : BODY_MAX;
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_PROXY, ""); /* whatever the environment says */
	curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "https,http");
	curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_TCP_NODELAY, 1L);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "picket");
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, http->detail);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, http);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, http);
	curl_easy_setopt(c, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS,
		(long)(config->connect_ms ? config->connect_ms : CONNECT_MS));
	if (config->family)
		curl_easy_setopt(c, CURLOPT_IPRESOLVE,
			(long)(config->family == AF_INET6 ? CURL_IPRESOLVE_V6 : CURL_IPRESOLVE_V4));
	http_trust(http, config);
	*ret_http = http;
	return 0;
}

void http_free(struct http *http)
{
	if (!http)
		return;
	curl_easy_cleanup(http->curl);
	http_answer_done(&http->answer);
	wipe(&http->username);
	wipe(&http->password);
	free(http);
}

const char *http_reason(const struct http *http)
{
	return http->reason;
}

static int error_of(CURLcode code, bool too_big)
{
	switch (code) {
	case CURLE_OK:
		return 0;
	case CURLE_OPERATION_TIMEDOUT:
		return -ETIMEDOUT;
	case CURLE_COULDNT_CONNECT:
		return -ECONNREFUSED;
	case CURLE_COULDNT_RESOLVE_HOST:
		return -EHOSTUNREACH;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_CACERT_BADFILE:
		return -EKEYREJECTED;
	case CURLE_WRITE_ERROR:
		return too_big ? -EMSGSIZE : -EIO;
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL:
		return -EINVAL;
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_PARTIAL_FILE:
	case CURLE_SSL_CONNECT_ERROR:
		return -ECONNRESET;
	default:
		return -EPROTO;
	}
}

__attribute__((format(printf, 3, 4))) static int http_fail(
	struct http *http, int error, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(http->reason, sizeof(http->reason), format, ap);
	va_end(ap);
	return error;
}

static struct curl_slist *headers_of(const struct http_request *request)
{
	struct curl_slist *list = NULL;
	owned(free) char *token =
		request->token ? own_printf("X-Auth-Token: %s", request->token) : NULL;
	owned(free) char *match =
		request->if_match ? own_printf("If-Match: %s", request->if_match) : NULL;

	list = curl_slist_append(list, "Accept: application/json");
	list = curl_slist_append(list, "OData-Version: 4.0");
	list = curl_slist_append(list, "Expect:");
	if (request->body)
		list = curl_slist_append(list, "Content-Type: application/json");
	if (token)
		list = curl_slist_append(list, token);
	if (match)
		list = curl_slist_append(list, match);
	for (size_t i = 0; request->headers && request->headers[i]; i++)
		list = curl_slist_append(list, request->headers[i]);
	return list;
}

static void http_prepare(struct http *http, const struct http_request *request, const char *url,
	const struct curl_slist *headers, uint64_t timeout_ms)
{
	CURL *c = http->curl;
	const char *method = request->method ? request->method : "GET";

	http_answer_done(&http->answer);
	http->answer.retry_after_ms = -1;
	http->answer.body = own_alloc(1);
	http->cap = 1;
	http->header_bytes = 0;
	http->too_big = false;
	http->detail[0] = 0;
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_HTTPGET, 1L);
	if (request->body) {
		curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE, (long)strlen(request->body));
		curl_easy_setopt(c, CURLOPT_POSTFIELDS, request->body);
	}
	curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, strcmp(method, "GET") ? method : NULL);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
	curl_easy_setopt(c, CURLOPT_USERNAME, request->basic ? http->username : NULL);
	curl_easy_setopt(c, CURLOPT_PASSWORD, request->basic ? http->password : NULL);
}

static char *url_part(CURLU *url, CURLUPart part)
{
	char *curl = NULL, *s;

	if (curl_url_get(url, part, &curl, CURLU_DEFAULT_PORT))
		return own_string("");
	s = own_string(curl);
	curl_free(curl);
	return s;
}

static bool same_origin(CURLU *a, CURLU *b)
{
	static const CURLUPart parts[] = { CURLUPART_SCHEME, CURLUPART_HOST, CURLUPART_PORT };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		owned(free) char *x = url_part(a, parts[i]);
		owned(free) char *y = url_part(b, parts[i]);

		if (strcasecmp(x, y) != 0)
			return false;
	}
	return true;
}

/* Makes answer.location absolute. -EXDEV: it leads to another host. */
static int location_resolve(struct http *http, const char *url)
{
	owned(curlu) CURLU *here = curl_url(), *there = curl_url();
	char **location = &http->answer.location;
	char *absolute;

	if (curl_url_set(here, CURLUPART_URL, url, 0) || curl_url_set(there, CURLUPART_URL, url, 0))
		return -EINVAL;
	if (curl_url_set(there, CURLUPART_URL, *location, 0))
		return -EPROTO;
	if (!same_origin(here, there))
		return -EXDEV;
	absolute = url_part(there, CURLUPART_URL);
	free(*location);
	*location = absolute;
	return 0;
}

static bool is_redirect(int status)
{
	return status == 301 || status == 302 || status == 307 || status == 308;
}

/* One exchange. */
static int http_exchange(struct http *http, const struct http_request *request, const char *url,
	const struct curl_slist *headers, uint64_t timeout_ms)
{
	CURLcode code;
	long status = 0;
	int r;

	http_prepare(http, request, url, headers, timeout_ms);
	code = curl_easy_perform(http->curl);
	if (request->body) /* the caller's memory must not be remembered */
		curl_easy_setopt(http->curl, CURLOPT_POSTFIELDS, NULL);
	r = error_of(code, http->too_big);
	if (r == -EMSGSIZE)
		return http_fail(http, r, "the answer is larger than %zu bytes", http->body_max);
	if (r < 0)
		return http_fail(
			http, r, "%s", http->detail[0] ? http->detail : curl_easy_strerror(code));
	curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, &status);
	http->answer.status = (int)status;
	return 0;
}

int http_send(struct http *http, const struct http_request *request, struct http_answer *ret)
{
	owned(slist) struct curl_slist *headers = headers_of(request);
	owned(free) char *url = own_string(request->url);
	uint64_t end = moment_boot_ns() / 1000000 + request->timeout_ms;
	int r;

	for (int i = 0; i <= REDIRECTS_MAX; i++) {
		uint64_t now = moment_boot_ns() / 1000000;

		if (now >= end)
			return http_fail(http, -ETIMEDOUT, "timed out");
		r = http_exchange(http, request, url, headers, end - now);
		if (r < 0)
			return r;
		r = http->answer.location ? location_resolve(http, url) : 0;
		if (!is_redirect(http->answer.status)) {
			if (r == -EXDEV) /* a Location elsewhere that nobody follows */
				wipe(&http->answer.location);
			*ret = http->answer;
			http->answer = (struct http_answer){ 0 };
			return 0;
		}
		if (!http->answer.location || r == -EPROTO)
			return http_fail(http, -EPROTO, "redirected to nowhere");
		if (r < 0)
			return http_fail(http, r, "redirected to another host; refused");
		free(url);
		url = own_string(http->answer.location);
	}
	return http_fail(http, -ELOOP, "too many redirects");
}

static int pin_of(X509 *cert, char **ret_pin)
{
	unsigned char digest[32], *der = NULL, text[64];
	int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);

	if (n <= 0)
		return -EPROTO;
	EVP_Digest(der, (size_t)n, digest, NULL, EVP_sha256(), NULL);
	OPENSSL_free(der);
	EVP_EncodeBlock(text, digest, sizeof(digest));
	*ret_pin = own_printf("sha256//%s", (char *)text);
	return 0;
}

static int pin_from_chain(struct curl_certinfo *chain, char **ret_pin)
{
	if (!chain || chain->num_of_certs < 1)
		return -EPROTO;
	for (struct curl_slist *l = chain->certinfo[0]; l; l = l->next) {
		owned(bio) BIO *bio = NULL;
		owned(x509) X509 *cert = NULL;

		if (strncmp(l->data, "Cert:", 5) != 0)
			continue;
		bio = BIO_new_mem_buf(l->data + 5, -1);
		cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
		return cert ? pin_of(cert, ret_pin) : -EPROTO;
	}
	return -EPROTO;
}

int http_pin(struct http *http, const char *url, uint64_t timeout_ms, char **ret_pin)
{
	const struct http_config blind = { .insecure = true };
	struct http_request request = { .method = "HEAD", .url = url, .timeout_ms = timeout_ms };
	struct curl_certinfo *chain = NULL;
	struct http *other = NULL;
	int r = http_new(&blind, &other);

	if (r < 0)
		return http_fail(http, r, "out of memory");
	curl_easy_setopt(other->curl, CURLOPT_CERTINFO, 1L);
	http_prepare(other, &request, url, NULL, timeout_ms);
	curl_easy_setopt(other->curl, CURLOPT_CUSTOMREQUEST, NULL);
	curl_easy_setopt(other->curl, CURLOPT_NOBODY, 1L);
	r = error_of(curl_easy_perform(other->curl), other->too_big);
	/* Whatever it answered, its certificate came before. */
	if (curl_easy_getinfo(other->curl, CURLINFO_CERTINFO, &chain) == CURLE_OK &&
		pin_from_chain(chain, ret_pin) == 0)
		r = 0;
	else if (r == 0)
		r = -EPROTO;
	if (r < 0)
		http_fail(http, r, "%s",
			other->detail[0] ? other->detail : "no certificate was shown");
	http_free(other);
	return r;
}
