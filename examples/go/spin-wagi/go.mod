module example.com/wagi

go 1.21
