console.log("Hello from AssemblyScript");
