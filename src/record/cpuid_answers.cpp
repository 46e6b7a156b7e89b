#include "record/cpuid_answers.h"

#include <sched.h>

#include <algorithm>

namespace ttrace {
namespace {

struct HiddenFeature {
  std::uint32_t leaf;
  std::uint32_t subleaf;
  CpuFeature::Register out;
  int bit;
};
constexpr HiddenFeature kHidden[] = {
    {7, 0, CpuFeature::ebx, 4},   // HLE
    {7, 0, CpuFeature::ebx, 11},  // RTM
    {7, 0, CpuFeature::ecx, 5},   // WAITPKG
    {7, 0, CpuFeature::ecx, 22},  // RDPID
};
constexpr std::uint32_t kStateLeaf = 0xd;

CpuidResult shown_to(const CpuidQuestion& question, CpuidResult answer) {
  const auto& [asker, leaf, subleaf] = question;
  for (const HiddenFeature& feature : kHidden) {
    if (feature.leaf == leaf && feature.subleaf == subleaf) {
      answer[feature.out] &= ~(1u << feature.bit);
    }
  }
  if (asker.is_loader && leaf == kStateLeaf) return {};
  return asker.portable ? as_x86_64_v2(leaf, subleaf, answer) : answer;
}

}  // namespace

const CpuidResult& CpuidAnswers::get(CpuidQuestion question) {
  if (!agent::has_subleaves(question.leaf)) question.subleaf = 0;
  const auto [known, is_new] = known_.try_emplace({sched_getcpu(), question});
  if (is_new) known->second = shown_to(question, cpuid_here(question.leaf, question.subleaf));
  return known->second;
}

std::vector<agent::CpuidAnswer> CpuidAnswers::known(bool portable) const {
  std::vector<agent::CpuidAnswer> answers;
  const int cpu = sched_getcpu();
  for (const auto& [key, result] : known_) {
    const auto& [where, question] = key;
    if (answers.size() == agent::kMostCpuidAnswers) break;
    if (where != cpu || question.asker.portable != portable) continue;
    answers.push_back(agent_answer(question, result));
  }
  return answers;
}

agent::CpuidAnswer agent_answer(const CpuidQuestion& question, const CpuidResult& result) {
  agent::CpuidAnswer answer{question.leaf, question.subleaf, question.asker.is_loader, {}};
  if (!agent::has_subleaves(question.leaf)) answer.subleaf = 0;
  std::copy(result.begin(), result.end(), answer.registers);
  return answer;
}

}  // namespace ttrace
