package dev.tandem.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command's ONNX file tells of raw features what predict tells of them. */
final class ExportOnnxTest {
  @TempDir Path folder;

  private String run(int code, String... words) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    PrintStream stream = new PrintStream(out, true, StandardCharsets.UTF_8);
    assertEquals(
        code,
        Main.run(new Terminal(stream, stream, false), words),
        () -> out.toString(StandardCharsets.UTF_8));
    return out.toString(StandardCharsets.UTF_8);
  }

  @Test
  void rawFeaturesGiveThePredictedProbabilities() throws IOException, OrtException {
    Files.writeString(
        folder.resolve("data.csv"),
        "size,weight,kind\n"
            + "1,1000.5,small\n2,1001,small\n8,1003,large\n9,1002.5,large\n5,1002,middle\n"
                .repeat(10));
    Path config = folder.resolve("c.yaml");
    Files.writeString(
        config,
        """
        backend: cpu
        data:
          source: {kind: csv, file: data.csv, target: kind}
          normalization: standardize
        model: {layers: [linear: 8, batch_norm, relu, linear: 3]}
        optimizer: {kind: adam, lr: 0.05}
        training: {batch: 8, epochs: 5}
        """);
    run(0, "train", config.toString(), "--set", "run.folder=" + folder.resolve("runs"));
    String run = folder.resolve("runs").resolve("c-1").toString();
    Path input = folder.resolve("new.csv");
    Files.writeString(input, "size,weight\n8.5,1002.75\n1.5,1000\n4,1002\n");
    List<String> predicted =
        run(0, "predict", run, "--input", input.toString(), "--all").lines().toList();
    Path onnx = folder.resolve("c.onnx");
    String said = run(0, "export", run, "--onnx", onnx.toString());
    assertTrue(said.startsWith("export: Sequential(Linear(2 -> 8)"), said);
    float[][] raw = {{8.5f, 1002.75f}, {1.5f, 1000}, {4, 1002}};
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    try (OrtSession session = environment.createSession(onnx.toString());
        OnnxTensor tensor = OnnxTensor.createTensor(environment, raw);
        OrtSession.Result result = session.run(Map.of("input", tensor))) {
      float[][] got = (float[][]) result.get("probabilities").orElseThrow().getValue();
      String[] names = session.getMetadata().getCustomMetadata().get("classes").split("\n");
      assertEquals("sample,class,probability," + String.join(",", names), predicted.getFirst());
      assertTrue(session.getMetadata().getCustomMetadata().get("tandem").contains("STANDARDIZE"));
      for (int i = 0; i < raw.length; i++) {
        String[] cells = predicted.get(i + 1).split(",");
        for (int c = 0; c < names.length; c++) {
          // predict prints four decimals.
          assertEquals(Double.parseDouble(cells[3 + c]), got[i][c], 0.5e-4 + 1e-6);
        }
      }
    }
  }

  @Test
  void oneFormIsAskedFor() {
    String said = run(2, "export", folder.toString());
    assertTrue(said.contains("--hf") && said.contains("--onnx"), said);
  }
}
