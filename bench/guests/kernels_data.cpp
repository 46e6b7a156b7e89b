#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <unordered_map>
#include <vector>

#include "kernels.h"

namespace {

unsigned long sort_numbers(long rounds) {
  std::mt19937 random(42);
  std::vector<int> numbers(200'000);
  unsigned long sum = 0;
  for (long round = 0; round < rounds; ++round) {
    for (int& number : numbers) number = int(random());
    std::sort(numbers.begin(), numbers.end());
    sum += static_cast<unsigned long>(numbers[numbers.size() / 2]);
  }
  return sum;
}

unsigned long fill_map(long rounds) {
  std::mt19937 random(42);
  unsigned long size = 0;
  for (long round = 0; round < rounds; ++round) {
    std::map<int, int> map;
    for (int i = 0; i < 30'000; ++i) map[int(random())] = i;
    size += map.size();
  }
  return size;
}

unsigned long fill_hash_map(long rounds) {
  std::mt19937 random(42);
  unsigned long size = 0;
  for (long round = 0; round < rounds; ++round) {
    std::unordered_map<int, int> map;
    for (int i = 0; i < 60'000; ++i) map[int(random())] += i;
    size += map.size();
  }
  return size;
}

unsigned long append_strings(long rounds) {
  std::string text;
  unsigned long total = 0;
  for (long i = 0; i < rounds; ++i) {
    text += std::to_string(i);
    if (text.size() < 10'000) continue;
    total += text.size();
    text.clear();
  }
  return total;
}

unsigned long format_streams(long rounds) {
  unsigned long total = 0;
  for (long i = 0; i < rounds; ++i) {
    std::ostringstream out;
    out << i << " " << double(i) * 2.5;
    total += out.str().size();
  }
  return total;
}

unsigned long allocate(long rounds) {
  std::vector<void*> blocks(1000);
  for (long i = 0; i < rounds; ++i) {
    void*& block = blocks[static_cast<unsigned long>(i) * 7919 % blocks.size()];
    std::free(block);
    block = std::malloc(16 + static_cast<unsigned long>(i) % 500);
  }
  unsigned long left = 0;
  for (void* block : blocks) {
    left += block != nullptr;
    std::free(block);
  }
  return left;
}

struct Node {
  Node* next;
  unsigned long value;
};

unsigned long follow_list(long rounds) {
  std::vector<Node> nodes(4096);
  for (std::size_t i = 0; i < nodes.size(); ++i)
    nodes[i] = {&nodes[(i * 1021 + 1) % nodes.size()], i};
  unsigned long sum = 0;
  const Node* at = &nodes[0];
  for (long i = 0; i < rounds; ++i) {
    sum += at->value;
    at = at->next;
  }
  return sum;
}

}  // namespace

std::vector<Kernel> data_kernels() {
  return {
      {"sort", "std::sort of ints", 20, sort_numbers},
      {"map", "std::map filled", 50, fill_map},
      {"umap", "std::unordered_map filled", 60, fill_hash_map},
      {"strings", "numbers appended to a string", 15'000'000, append_strings},
      {"sstream", "ostringstream of a double", 400'000, format_streams},
      {"malloc", "malloc and free", 24'000'000, allocate},
      {"list", "a linked list followed", 100'000'000, follow_list},
  };
}
