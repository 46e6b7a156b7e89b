/* The library of kind_audit: what rtld-audit(7) tells it. */
#define _GNU_SOURCE
#include <link.h>
#include <stdio.h>
#include <string.h>

static unsigned objects, searches, bindings;

unsigned la_version(unsigned version) { return version; }
unsigned la_objopen(struct link_map* map, Lmid_t space, uintptr_t* cookie) {
  (void)map, (void)space, (void)cookie;
  ++objects;
  return LA_FLG_BINDTO | LA_FLG_BINDFROM;
}
char* la_objsearch(const char* name, uintptr_t* cookie, unsigned flag) {
  (void)cookie, (void)flag;
  ++searches;
  return (char*)name;
}
uintptr_t la_symbind64(Elf64_Sym* symbol, unsigned index, uintptr_t* from, uintptr_t* to,
                       unsigned* flags, const char* name) {
  (void)index, (void)from, (void)to, (void)flags, (void)name;
  ++bindings;
  return symbol->st_value;
}
void la_preinit(uintptr_t* cookie) {
  (void)cookie;
  dprintf(1, "objects %d, searches %d, bindings %d\n", objects > 2, searches > 0, bindings > 0);
}
