import Benchmarks
import Glibc

exit(await BenchmarkTool.run(Array(CommandLine.arguments.dropFirst())))
