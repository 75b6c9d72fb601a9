package dev.tandem.ptx.text;

import java.util.List;
import java.util.Map;

/**
 * A PTX file.
 *
 * @param version {@code "9.0"}
 * @param target {@code "sm_80"}
 * @param variables of the module: global, constant and extern shared
 */
public record PtxModule(
    String version,
    String target,
    Map<String, Variable> variables,
    Map<String, Function> functions) {
  /** The kernels' names. */
  public List<String> kernels() {
    return functions.values().stream()
        .filter(f -> f.kernel() && f.body() != null)
        .map(Function::name)
        .toList();
  }
}
