/* The Check library runs every test in a process of its own: a failed assertion is a child's, which
 * ends itself, and the first process reports it with an exit code. */
#include <check.h>
#include <stdlib.h>
#include <sys/random.h>

#include "ttrace/ttrace.h"

/* In place of ck_assert: says the same to ttrace first. */
#define expect(condition)                                            \
  do {                                                               \
    const int holds = (condition) ? 1 : 0;                           \
    if (!holds) ttrace_assertion(0, __FILE__, __LINE__, #condition); \
    ck_assert_msg(holds, "%s", #condition);                          \
  } while (0)

START_TEST(a_byte_is_not_zero) {
  unsigned char byte = 1;
  ck_assert(getrandom(&byte, 1, 0) == 1);
  expect(byte % 64 != 0);
}
END_TEST

int main(void) {
  Suite* suite = suite_create("bytes");
  TCase* tests = tcase_create("random");
  tcase_add_test(tests, a_byte_is_not_zero);
  suite_add_tcase(suite, tests);
  SRunner* runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  const int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
