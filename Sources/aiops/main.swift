// Every program of a cluster in one file, for images: what they share is there once. The name that it is started under
// says which of them it is, so that each has a link of its own name to it.

import Coordination
import Detection
import Diagnosis
import Glibc
import OperatorTool
import Resolution

let arguments = CommandLine.arguments
let program = arguments.first?.split(separator: "/").last ?? ""
switch program {
case "aiops-coordinator": await CoordinatorAgent.main()
case "aiops-detector": await DetectorAgent.main()
case "aiops-diagnoser": await DiagnoserAgent.main()
case "aiops-resolver": await ResolverAgent.main()
case "aiopsctl": exit(await OperatorTool.run(Array(arguments.dropFirst())))
default:
  let advice =
    "\(program): start it under the name of one of its programs, by a link: aiops-coordinator, aiops-detector, "
    + "aiops-diagnoser, aiops-resolver or aiopsctl\n"
  _ = Array(advice.utf8).withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
  exit(64)
}
