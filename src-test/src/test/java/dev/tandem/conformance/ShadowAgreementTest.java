package dev.tandem.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tandem.backend.Backend;
import dev.tandem.backend.BackendException;
import dev.tandem.backend.Backends;
import dev.tandem.backend.Operand;
import dev.tandem.backend.Shadows;
import dev.tandem.shape.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * {@code TANDEM_SHADOW} raises no false alarm over any sample of any op in F32 and of any update, between the oracle, which rounds once,
 * and the CPU backend.
 */
final class ShadowAgreementTest {
  private final Backend cpu = Backends.open("cpu", line -> {});
  private final Backend shadowed = Shadows.of(new OracleBackend(), cpu, line -> {});

  @AfterEach
  void close() {
    shadowed.close();
  }

  @Test
  void opsAgree() {
    List<String> differ = new ArrayList<>();
    for (OpCase sample : OpCases.all()) {
      for (DType dtype : sample.dtypes()) {
        if (dtype == DType.F64) {
          continue; // what the oracle takes as a slope is no better than 1e-13, and F64 has no
          // finer judge
        }
        List<Values> inputs = sample.inputs(dtype);
        List<Operand> operands = inputs.stream().map(input -> input.on(shadowed)).toList();
        List<Operand> outputs =
            sample.op().outputs(inputs.stream().map(Values::type).toList()).stream()
                .map(type -> new Operand(type, shadowed.allocate(type)))
                .toList();
        try {
          shadowed.run(sample.op(), operands, outputs);
        } catch (BackendException e) {
          differ.add(new OpTrial(sample, dtype).label() + ": " + e.getMessage());
        }
        Stream.of(operands, outputs)
            .flatMap(List::stream)
            .forEach(operand -> operand.buffer().close());
      }
    }
    assertEquals(List.of(), differ);
    assertEquals(0, cpu.memory().buffers());
  }

  @Test
  void updatesAgree() {
    List<String> differ = new ArrayList<>();
    for (UpdateCase sample : UpdateCases.all()) {
      for (DType dtype : sample.dtypes()) {
        List<Operand> operands =
            sample.operands(dtype).stream().map(values -> values.on(shadowed)).toList();
        try {
          shadowed.update(sample.update(), operands);
        } catch (BackendException e) {
          differ.add(new UpdateTrial(sample, dtype).label() + ": " + e.getMessage());
        }
        operands.forEach(operand -> operand.buffer().close());
      }
    }
    assertEquals(List.of(), differ);
    assertEquals(0, cpu.memory().buffers());
  }
}
