# Calls made inside the process (docs/decisions/0013).
ttrace_guest(agent_calls)
ttrace_guest(agent_descriptors SEEDS 3)
ttrace_guest(agent_signals SEEDS 4)
