import Coordination

await CoordinatorAgent.main()
