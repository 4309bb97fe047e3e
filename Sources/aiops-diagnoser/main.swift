import Diagnosis

await DiagnoserAgent.main()
