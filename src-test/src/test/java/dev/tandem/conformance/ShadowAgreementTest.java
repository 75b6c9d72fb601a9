package dev.tandem.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.backend.Backend;
import dev.tandem.backend.BackendException;
import dev.tandem.backend.Backends;
import dev.tandem.backend.Operand;
import dev.tandem.backend.Shadows;
import dev.tandem.shape.DType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * The tolerance of {@code TANDEM_SHADOW} holds over every sample of every op and update, between the oracle, which
 * rounds once, and the CPU backend. What it cannot tell from a mistake is a result that is all cancellation.
 */
final class ShadowAgreementTest {
  /** Where no result is larger, 1e-5 of the largest is less than the rounding of F32 terms of about 1. */
  private static final double CANCELLED = 1e-2;

  private final Backend cpu = Backends.open("cpu", line -> {});
  private final Backend shadowed = Shadows.of(new OracleBackend(), cpu, line -> {});

  @AfterEach
  void close() {
    shadowed.close();
  }

  @Test
  void opsAgreeUnlessTheirResultsCancel() {
    int compared = 0;
    int cancelled = 0;
    for (OpCase sample : OpCases.all()) {
      for (DType dtype : sample.dtypes()) {
        List<Values> inputs = sample.inputs(dtype);
        List<Operand> operands = inputs.stream().map(input -> input.on(shadowed)).toList();
        List<Operand> outputs =
            sample.op().outputs(inputs.stream().map(Values::type).toList()).stream()
                .map(type -> new Operand(type, shadowed.allocate(type)))
                .toList();
        try {
          shadowed.run(sample.op(), operands, outputs);
          compared++;
        } catch (BackendException e) {
          List<Values> results = Oracle.run(sample.op(), inputs);
          assertTrue(
              results.stream().anyMatch(ShadowAgreementTest::cancelled),
              () -> new OpTrial(sample, dtype).label() + ": " + e.getMessage());
          cancelled++;
        }
        Stream.of(operands, outputs)
            .flatMap(List::stream)
            .forEach(operand -> operand.buffer().close());
      }
    }
    assertTrue(
        cancelled * 100 < compared,
        compared + " samples agree, " + cancelled + " cancel and differ");
    assertEquals(0, cpu.memory().buffers());
  }

  private static boolean cancelled(Values result) {
    return result.dtype().floating()
        && result.type().elements() > 0
        && Arrays.stream(result.data()).map(Math::abs).max().orElseThrow() < CANCELLED;
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
