// A lock-free stack without a generation count: between the load of `next` and the exchange, the
// same node may have gone and come back with another neighbour.
#include <array>
#include <atomic>
#include <thread>

#include "bug.h"

namespace {

struct Node {
  std::atomic<Node*> next{nullptr};
  std::atomic<int> owners{0};
};

std::atomic<Node*> top{nullptr};

void push(Node* node) {
  Node* old = top.load();
  do {
    node->next.store(old);
  } while (!top.compare_exchange_weak(old, node));
}

Node* pop() {
  Node* old = top.load();
  while (old != nullptr && !top.compare_exchange_weak(old, old->next.load())) {
  }
  return old;
}

void take(Node* node) {
  if (node != nullptr && node->owners.fetch_add(1) != 0) bug_shows("a node has two owners");
}

void give_back(Node* node) {
  if (node == nullptr) return;
  node->owners.fetch_sub(1);
  push(node);
}

void work() {
  for (int round = 0; round < 20; ++round) {
    Node* first = pop();
    take(first);
    Node* second = pop();
    take(second);
    give_back(first);
    give_back(second);
  }
}

}  // namespace

int main() {
  std::array<Node, 4> nodes;
  for (Node& node : nodes) push(&node);
  std::thread a(work);
  std::thread b(work);
  a.join();
  b.join();
}
