package dev.tandem.fuzz;

import dev.tandem.cli.config.ConfigException;
import dev.tandem.cli.config.LoadedConfig;
import dev.tandem.cli.report.RunFiles;
import dev.tandem.cli.report.RunPage;
import dev.tandem.data.Csv;
import dev.tandem.data.CsvSchema;
import dev.tandem.data.DataException;
import dev.tandem.data.Idx;
import dev.tandem.data.TokenShards;
import dev.tandem.data.TokenizerFile;
import dev.tandem.io.FileException;
import dev.tandem.io.HuggingFaceConfig;
import dev.tandem.io.SafeTensors;
import dev.tandem.ptx.text.Parser;
import dev.tandem.ptx.text.PtxException;
import dev.tandem.train.RunFolder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;

/** What reads files of others, how it refuses them, and the words that its format is made of. */
enum Parsers {
  CONFIG(
      "config",
      ": ",
      "- ",
      "{",
      "}",
      "[",
      "]",
      "&a ",
      "*a",
      "<<",
      "!!int ",
      "|",
      "\n  ",
      "\t",
      "~",
      "1e999",
      "\"\\U00110000\"",
      "\"\\ud800\"",
      "!",
      "? ",
      "%YAML 9.9\n",
      "---\n") {
    @Override
    void read(Path file) {
      LoadedConfig.read(file, List.of()).yaml();
    }
  },
  CSV("csv", ",", "\"", "\"\"", "\r\n", "\n", "\uFEFF", "NaN", "Infinity", "1e400", "-0", ",,,") {
    @Override
    void read(Path file) {
      Csv.read(
          file,
          new CsvSchema(
              List.of(
                  CsvSchema.Column.category(CsvSchema.Place.of("kind")),
                  CsvSchema.Column.targetNumber(CsvSchema.Place.of("price"))),
              CsvSchema.Others.NUMBERS,
              true,
              ','));
    }
  },
  IDX("idx", "\0\0\u0008\u0003", "\0\0\u0008\u0004", "\u001f") {
    @Override
    void read(Path file) {
      Idx.pictures(file);
    }
  },
  SAFETENSORS(
      "safetensors",
      "{",
      "}",
      "[",
      "]",
      ":",
      ",",
      "\"",
      "\"x\":",
      "[0,24]",
      "\"F64\"",
      "__metadata__",
      "\\ud800") {
    @Override
    void read(Path file) {
      SafeTensors.open(file).close();
    }
  },
  SHARD("shard", "\0\0\0\0", "\1\0\0\0") {
    @Override
    void read(Path file) {
      TokenShards.open(List.of(file), 50257);
    }
  },
  PTX(
      "ptx", "(", ")", "{", "}", "[", "]", ";", ",", "-", "~", "!", "?", ":", ".reg ", ".b32 ",
      "%r<", "<", "/*", "*/", "//", "\"", "0x", "0f", "0d", "@%p ", ".param ", "+") {
    @Override
    void read(Path file) throws IOException {
      Parser.parse(Files.readString(file, StandardCharsets.ISO_8859_1));
    }
  },
  TOKENIZER(
      "tokenizer",
      "{",
      "}",
      "[",
      ":",
      ",",
      "\"",
      "\"characters\":",
      "\"gpt2\"",
      "\\ud800",
      "\\u0000") {
    @Override
    void read(Path file) {
      TokenizerFile.read(file);
    }
  },
  HUGGING_FACE(
      "huggingface",
      "{",
      "}",
      "[",
      "]",
      ":",
      ",",
      "\"",
      "null",
      "true",
      "\"rope_scaling\":",
      "\"vocab_size\":",
      "-") {
    @Override
    void read(Path file) {
      HuggingFaceConfig.read(file);
    }
  },
  RUN_RECORD(
      "run-record",
      "{",
      "}",
      "[",
      "]",
      ":",
      ",",
      "null",
      "\"legs\":",
      "\"started\":",
      "+999999999-") {
    @Override
    void read(Path file) throws IOException {
      page(file, "run.json");
      new RunFolder(file.resolveSibling("run")).readRecord();
    }
  },
  METRICS("metrics", "{", "}", ":", ",", "\n", "null", "true", "1.7e308", "1e999", "-1e-320", "-") {
    @Override
    void read(Path file) throws IOException {
      page(file, "metrics.jsonl");
    }
  },
  STEPS("steps", "{", "}", ":", ",", "\n", "null", "1.7e308", "1e999", "-1e-320", "-") {
    @Override
    void read(Path file) throws IOException {
      page(file, "steps.jsonl");
    }
  },
  DISTRIBUTIONS(
      "distributions",
      "{",
      "}",
      "[",
      "]",
      ":",
      ",",
      "\n",
      "null",
      "\"counts\":",
      "1.7e308",
      "1e999",
      "-") {
    @Override
    void read(Path file) throws IOException {
      page(file, "distributions.jsonl");
    }
  },
  EVALUATION(
      "evaluation",
      "{",
      "}",
      "[",
      "]",
      ":",
      ",",
      "null",
      "\"names\":",
      "\"confusion\":",
      "1.7e308",
      "1e999",
      "-") {
    @Override
    void read(Path file) throws IOException {
      page(file, "evaluation.json");
    }
  };

  private static final int LONGEST = 2500;

  /** Its folder among the seeds. */
  final String folder;

  final List<String> words;

  Parsers(String folder, String... words) {
    this.folder = folder;
    this.words = List.of(words);
  }

  abstract void read(Path file) throws IOException;

  /** Makes the report of a run that has this file, and another that says it is one. */
  private static void page(Path file, String name) throws IOException {
    RunFolder run = new RunFolder(Files.createDirectories(file.resolveSibling("run")));
    Files.writeString(run.record(), "{\"seed\":1}");
    Files.writeString(run.metrics(), "");
    Files.copy(file, run.path().resolve(name), StandardCopyOption.REPLACE_EXISTING);
    RunPage.file(RunFiles.read(run));
  }

  /** Whether the user is told in a sentence: what the command turns into exit code 2, and PTX's own. */
  static boolean refusal(Throwable thrown) {
    return switch (thrown) {
      case ConfigException _ -> !thrown.getMessage().isBlank(); // a line a problem
      // Of files that may hold anything, terminal codes among it.
      case DataException _, FileException _, PtxException _ ->
          !thrown.getMessage().isBlank()
              && thrown.getMessage().length() < LONGEST
              && thrown.getMessage().chars().noneMatch(Character::isISOControl);
      default -> false;
    };
  }
}
