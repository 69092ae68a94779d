"""Run every benchmark, or those named: `python -m tests.bench labels`."""

import os
import sys

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy is imported

from tests.bench import (
    bench_advice,
    bench_audit,
    bench_cluster,
    bench_compare,
    bench_curves,
    bench_drawn,
    bench_fingerprint,
    bench_gate,
    bench_gpu,
    bench_graph,
    bench_infer,
    bench_kernel,
    bench_labels,
    bench_map,
    bench_pictures,
    bench_ray,
    bench_repair,
    bench_review,
    bench_scale,
    bench_selftest,
    bench_start,
    bench_statistics,
    bench_train,
)
from tests.bench.goals import keep

ALL = {
    "start": bench_start.run,
    "audit": bench_audit.run,
    "kernel": bench_kernel.run,
    "graph": bench_graph.run,
    "fingerprint": bench_fingerprint.run,
    "labels": bench_labels.run,
    "map": bench_map.run,
    "compare": bench_compare.run,
    "train": bench_train.run,
    "pictures": bench_pictures.run,
    "repair": bench_repair.run,
    "ray": bench_ray.run,
    "cluster": bench_cluster.run,
    "review": bench_review.run,
    "scale": bench_scale.run,
    "drawn": bench_drawn.run,
    "statistics": bench_statistics.run,
    "curves": bench_curves.run,
    "advice": bench_advice.run,
    "gate": bench_gate.run,
    "selftest": bench_selftest.run,
    "infer": bench_infer.run,
    "gpu": bench_gpu.run,
}


def main() -> int:
    chosen = sys.argv[1:] or list(ALL)
    missed = 0
    for name in chosen:
        print(f"\n{name}: python -m tests.bench {name}")
        goals = ALL[name]()
        keep(name, goals)
        missed += sum(g.ok is False for g in goals)
    return 1 if missed else 0


sys.exit(main())
