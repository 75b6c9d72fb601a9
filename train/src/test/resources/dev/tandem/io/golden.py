# Writes golden.safetensors. Made with Hugging Face's safetensors 0.8.0 and NumPy 2.4.6 on 2026-11-23: python3 golden.py
import numpy as np
from safetensors.numpy import save_file

tensors = {
    "b.mask": np.array([0, 1, 255], dtype=np.uint8),
    "a.weight": np.arange(6, dtype=np.float32).reshape(2, 3) / 4 - 0.5,
    "c.index": np.array([-1, 2**31 - 1], dtype=np.int32),
    "d.wide": np.array([0.1, -2.5e300], dtype=np.float64),
    "e.scalar": np.array(3.5, dtype=np.float32),
    "f.empty": np.zeros((0, 4), dtype=np.float32),
    "A.half": np.array([1.5, -2], dtype=np.float16),
}
save_file(tensors, "golden.safetensors", metadata={"made by": 'safetensors "0.8" ü'})
