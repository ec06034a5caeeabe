"""Tasks are forked from a process that has the heavy libraries imported: those must still work."""

import subprocess
import sys
from pathlib import Path

from cli.family import SHARED, TASKS

ROOT = Path(__file__).parents[2]
FORK = """
import os, sys
from pathlib import Path
from cli.family import TASKS, fork, preload

def work():
    import time
    began = time.monotonic()
    import duckdb, numpy as np, onnx, onnxruntime, pyarrow as pa, pyarrow.parquet as pq, xgboost
    from onnx import TensorProto, helper
    from sklearn.linear_model import LogisticRegression
    imported = time.monotonic() - began
    rng = np.random.default_rng(7)
    x = rng.normal(size=(4000, 8)).astype("float32")
    y = (x[:, 0] + x[:, 1] > 0).astype(int)
    assert (x @ x.T).shape == (4000, 4000)
    pq.write_table(pa.table({"a": x[:, 0], "b": y}), f"rows-{os.getpid()}.parquet")
    connection = duckdb.connect(config={"threads": 2})
    query = f"select b, count(*) from 'rows-{os.getpid()}.parquet' group by b"
    assert sum(n for _, n in connection.sql(query).fetchall()) == 4000
    assert LogisticRegression().fit(x, y).score(x, y) > 0.95
    booster = xgboost.XGBClassifier(n_estimators=20, n_jobs=2).fit(x, y)
    assert booster.score(x, y) > 0.9
    product = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["out"])], "product",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 8])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, [None, 8])],
        [onnx.numpy_helper.from_array(np.eye(8, dtype="float32"), "w")],
    )
    model = helper.make_model(product, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 10
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    assert np.allclose(session.run(None, {"x": x})[0], x)
    print(f"imports took {imported:.3f}")

preload(TASKS)
here = Path(sys.argv[1])
os.chdir(here)
children = [fork(f"task-{n}", work, here) for n in range(2)]
sys.exit(any(os.waitpid(child, 0)[1] for child in children))
"""


def test_forked_tasks_use_every_preloaded_library_with_two_threads(tmp_path):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORK, str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
        check=False,
    )
    logs = [(tmp_path / f"task-{n}.log").read_text() for n in range(2)]
    assert done.returncode == 0, (done.stderr, logs)
    for log in logs:
        assert float(log.split("imports took ")[1]) < 3.0


def test_nothing_of_ours_is_preloaded_so_that_a_task_runs_the_code_on_disk():
    ours = {p.name for p in ROOT.iterdir() if (p / "__init__.py").exists()}
    assert ours >= {"pipelines", "models", "features"}
    assert not {name.split(".")[0] for name in (*SHARED, *TASKS)} & ours
