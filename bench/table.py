"""What the measurements share: the machine's name and tables in Markdown."""
import os


def processor() -> dict[str, str]:
    facts = {}
    with open("/proc/cpuinfo") as lines:
        for line in lines:
            key, _, value = line.partition(":")
            facts.setdefault(key.strip(), value.strip())
    return facts


def flags_of(facts: dict[str, str]) -> list[str]:
    return facts.get("flags", facts.get("Features", "")).split()


def has_bf16() -> bool:
    return bool({"amx_bf16", "avx512_bf16", "bf16"} & set(flags_of(processor())))


def hardware() -> str:
    facts = processor()
    flags = flags_of(facts)
    name = facts.get("model name", os.uname().machine)
    if "model" in facts:  # virtual machines often hide the number in the name
        name += f" (family {facts['cpu family']}, model {facts['model']})"
    units = {
        "AMX": "amx_tile",
        "AVX-512 BF16": "avx512_bf16",
        "AVX-512": "avx512f",
        "AVX2": "avx2",
        "Arm BF16": "bf16",
    }
    has = ", ".join(f"{unit} {'yes' if flag in flags else 'no'}" for unit, flag in units.items())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cores = len(os.sched_getaffinity(0))
    load = os.getloadavg()[0]
    return f"{name}, {cores} cores, {memory:.0f} GiB; {has}; load before the run {load:.1f}"


def markdown(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)
