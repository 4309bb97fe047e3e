#pragma once
#include <curl/curl.h>

// libcurl's setters and getters are variadic, which Swift does not import:
// one typed forwarder for each kind of argument. The macros of curl.h that
// check types are variadic too, hence the parentheses.
typedef size_t (*ccurl_data_fn)(char *, size_t, size_t, void *);

static inline CURLcode ccurl_set_long(CURL *h, CURLoption o, long v) { return (curl_easy_setopt)(h, o, v); }
static inline CURLcode ccurl_set_string(CURL *h, CURLoption o, const char *v) { return (curl_easy_setopt)(h, o, v); }
static inline CURLcode ccurl_set_pointer(CURL *h, CURLoption o, void *v) { return (curl_easy_setopt)(h, o, v); }
static inline CURLcode ccurl_set_slist(CURL *h, CURLoption o, struct curl_slist *v) { return (curl_easy_setopt)(h, o, v); }
static inline CURLcode ccurl_set_data_function(CURL *h, CURLoption o, ccurl_data_fn f) { return (curl_easy_setopt)(h, o, f); }
static inline CURLcode ccurl_get_long(CURL *h, CURLINFO i, long *out) { return (curl_easy_getinfo)(h, i, out); }
static inline CURLcode ccurl_get_double(CURL *h, CURLINFO i, double *out) { return (curl_easy_getinfo)(h, i, out); }
static inline CURLcode ccurl_get_pointer(CURL *h, CURLINFO i, void **out) { return (curl_easy_getinfo)(h, i, out); }
static inline CURLMcode ccurl_multi_set_long(CURLM *m, CURLMoption o, long v) { return (curl_multi_setopt)(m, o, v); }

// Nothing but http and https, redirects included. The option that takes names
// replaced the one that takes bits in 7.85, which is newer than Ubuntu 22.04's.
static inline CURLcode ccurl_only_http(CURL *h) {
#if LIBCURL_VERSION_NUM >= 0x075500
  CURLcode c = (curl_easy_setopt)(h, CURLOPT_PROTOCOLS_STR, "http,https");
  return c ? c : (curl_easy_setopt)(h, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
#else
  CURLcode c = (curl_easy_setopt)(h, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
  return c ? c : (curl_easy_setopt)(h, CURLOPT_REDIR_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

// TLS 1.2 or newer; with a file of authorities only those, and read anew for every connection: libcurl would
// otherwise keep what it read for a day.
static inline CURLcode ccurl_set_trust(CURL *h, const char *authority) {
  CURLcode c = (curl_easy_setopt)(h, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
  if (c || !authority) return c;
  c = (curl_easy_setopt)(h, CURLOPT_CAINFO, authority);
  if (!c) c = (curl_easy_setopt)(h, CURLOPT_CAPATH, NULL);
#if LIBCURL_VERSION_NUM >= 0x075700
  if (!c) c = (curl_easy_setopt)(h, CURLOPT_CA_CACHE_TIMEOUT, 0L);
#endif
  return c;
}

// Swift does not import the message's union.
static inline CURLcode ccurl_message_result(const CURLMsg *m) { return m->data.result; }
