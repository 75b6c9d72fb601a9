package dev.tandem.ptx;

import dev.tandem.cuda.driver.LaunchShape;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/**
 * One form of an instruction, or a small program around it, with the rows that it is tried on.
 *
 * @param name the kernel's name
 * @param ptx what it is about, for a human
 * @param kernel its PTX, without a module's head
 * @param inputs types of a row's inputs, each in a slot of 8 bytes
 * @param outputs types of a row's results, likewise
 * @param shape how it is launched; null where one thread a row will do, in any blocks
 * @param arguments more arguments, after the buffers and the count
 * @param faults names of errors of which one must come; empty where it must succeed
 */
record CorpusForm(
    String name,
    String ptx,
    String kernel,
    List<String> inputs,
    List<String> outputs,
    LaunchShape shape,
    int shared,
    List<Extra> arguments,
    List<String> faults,
    List<Row> rows) {
  private static final int BLOCK = 64;

  /** Inputs, and what the results must be. */
  record Row(List<Long> in, List<Judgement> out) {}

  /** An argument's bytes and alignment. */
  record Extra(int alignment, byte[] bytes) {}

  /** The launch: its own shape, or enough blocks for a thread a row. */
  LaunchShape launch() {
    LaunchShape plain =
        shape != null ? shape : LaunchShape.of((rows.size() + BLOCK - 1) / BLOCK, BLOCK);
    return plain.withShared(shared);
  }

  long values() {
    return (long) rows.size() * outputs.size();
  }

  /** Reads a paragraph of a family's file. */
  static CorpusForm parse(List<String> lines, String kernel) {
    String name = "";
    String ptx = "";
    List<String> inputs = List.of();
    List<String> outputs = List.of();
    LaunchShape shape = null;
    int shared = 0;
    List<Extra> extras = new ArrayList<>();
    List<String> faults = List.of();
    List<Row> rows = new ArrayList<>();
    for (String line : lines) {
      List<String> words = List.of(line.split(" "));
      List<String> rest = words.subList(1, words.size());
      switch (words.getFirst()) {
        case "form" -> name = rest.getFirst();
        case "ptx" -> ptx = String.join(" ", rest);
        case "in" -> inputs = rest;
        case "out" -> outputs = rest;
        case "shape" -> shape = shape(rest);
        case "shared" -> shared = Integer.parseInt(rest.getFirst());
        case "argument" ->
            extras.add(
                new Extra(Integer.parseInt(rest.get(0)), HexFormat.of().parseHex(rest.get(1))));
        case "fault" -> faults = List.of(rest.getFirst().split("\\|"));
        case "#", "error" -> {}
        default -> rows.add(row(words, inputs, outputs));
      }
    }
    return new CorpusForm(name, ptx, kernel, inputs, outputs, shape, shared, extras, faults, rows);
  }

  private static LaunchShape shape(List<String> sizes) {
    int[] n = sizes.stream().mapToInt(Integer::parseInt).toArray();
    return new LaunchShape(n[0], n[1], n[2], n[3], n[4], n[5], 0, false);
  }

  private static Row row(List<String> words, List<String> inputs, List<String> outputs) {
    int middle = words.indexOf(">");
    if (middle != inputs.size() || words.size() - middle - 1 != outputs.size()) {
      throw new IllegalStateException(
          "corpus: row does not fit " + inputs + " > " + outputs + ", got " + words);
    }
    List<Long> in = words.subList(0, middle).stream().map(HexFormat::fromHexDigitsToLong).toList();
    return new Row(in, Judgement.all(words.subList(middle + 1, words.size()), outputs));
  }
}
