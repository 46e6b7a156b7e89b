// Control that goes by other ways than calls and returns: exceptions through deep recursion and out
// of threads, coroutines, contexts that are swapped.
#include <ucontext.h>

#include <coroutine>
#include <future>
#include <stdexcept>
#include <vector>

#include "observe.h"

namespace {

struct Generator {
  struct promise_type {
    int value = 0;
    Generator get_return_object() {
      return {std::coroutine_handle<promise_type>::from_promise(*this)};
    }
    std::suspend_always initial_suspend() { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    std::suspend_always yield_value(int v) {
      value = v;
      return {};
    }
    void return_void() {}
    void unhandled_exception() { throw; }
  };
  std::coroutine_handle<promise_type> handle;
};

Generator squares() {
  for (int i = 0; i < 5; ++i) co_yield i* i;
  throw std::runtime_error("no more squares");
}

void coroutine() {
  const Generator generator = squares();
  try {
    for (;;) {
      generator.handle.resume();
      std::printf("%d ", generator.handle.promise().value);
    }
  } catch (const std::exception& e) {
    std::printf("%s\n", e.what());
  }
  generator.handle.destroy();
}

int unwound;

int deep(int depth) {
  struct Guard {
    ~Guard() { ++unwound; }
  } guard;
  if (depth == 0) throw std::logic_error("the ground");
  const std::vector<int> ones(std::size_t(depth), 1);
  int sum = 0;
  for (const int one : ones) sum += one;
  return deep(depth - 1) + sum;
}

void exceptions() {
  for (int i = 0; i < 10; ++i) {
    try {
      deep(50 + i);
    } catch (const std::logic_error& e) {
      std::printf("%s, %d unwound\n", e.what(), unwound);
    }
  }
  std::vector<std::future<int>> results;
  for (int i = 0; i < 4; ++i) {
    results.push_back(std::async(std::launch::async, [i] {
      if (i == 2) throw std::out_of_range("two");
      int sum = 0;
      for (int k = 0; k < 1000; ++k) sum += k % (i + 1);
      return sum;
    }));
  }
  for (auto& result : results) {
    try {
      std::printf("%d\n", result.get());
    } catch (const std::exception& e) {
      std::printf("%s\n", e.what());
    }
  }
}

ucontext_t contexts[3];
ucontext_t back;
char stacks[3][65536];

void take_turns(int number) {
  for (int turn = 0; turn < 4; ++turn) {
    std::printf("%d.%d ", number, turn);
    OBSERVE(swapcontext(&contexts[number], &contexts[(number + 1) % 3]) == 0);
  }
}

void make_context(int number) {
  ucontext_t& context = contexts[number];
  OBSERVE(getcontext(&context) == 0);
  context.uc_stack.ss_sp = stacks[number];
  context.uc_stack.ss_size = sizeof stacks[number];
  context.uc_link = &back;
  makecontext(&context, reinterpret_cast<void (*)()>(take_turns), 1, number);
}

void swapped_contexts() {
  for (int i = 0; i < 3; ++i) make_context(i);
  OBSERVE(swapcontext(&back, &contexts[0]) == 0);
  std::printf("\n");
}

}  // namespace

int main() {
  coroutine();
  exceptions();
  swapped_contexts();
  return 0;
}
