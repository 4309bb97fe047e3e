import Glibc
import OperatorTool

exit(await OperatorTool.run(Array(CommandLine.arguments.dropFirst())))
